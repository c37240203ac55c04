package dev.anneal.differential;

import static dev.anneal.differential.Out.name;
import static dev.anneal.differential.Out.say;
import static dev.anneal.differential.Out.sorted;

import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;
import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.ParameterizedType;
import java.lang.reflect.RecordComponent;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** What is reached by name. */
final class Reflection {
    private Reflection() {
    }

    @Retention(RetentionPolicy.RUNTIME)
    @Target({ElementType.TYPE, ElementType.METHOD, ElementType.FIELD})
    @interface Mark {
        String value() default "none";

        int[] numbers() default {1, 2};

        Class<?> type() default String.class;
    }

    /** Reached by name only. */
    @Mark("base")
    static class Base {
        protected int inherited = 7;

        public String hello() {
            return "hello";
        }
    }

    /** Reached by name only. */
    @Mark(value = "bean", numbers = {3}, type = List.class)
    public static final class Bean extends Base implements Comparable<Bean> {
        @Mark private String secret = "secret";
        public Map<String, List<Integer>> generic;
        static int count;

        public Bean() {
            count++;
        }

        private Bean(String secret) {
            this.secret = secret;
        }

        private String hidden(int times) {
            return secret.repeat(times);
        }

        public static String joined(String separator, Object... parts) {
            return String.join(separator, Arrays.stream(parts).map(String::valueOf).toList());
        }

        public void failing() {
            throw new IllegalStateException("failed on purpose");
        }

        @Override
        public int compareTo(Bean other) {
            return secret.compareTo(other.secret);
        }
    }

    /** A record that is read by its components. */
    record Point(int x, @Mark("y") String y) {
    }

    /** An enum that is read by its constants. */
    enum Color {
        RED, GREEN {
            @Override
            String shade() {
                return "dark";
            }
        };

        String shade() {
            return "light";
        }
    }

    sealed interface Shape permits Circle, Square {
        default String describe() {
            return "a " + getClass().getSimpleName();
        }
    }

    record Circle(double radius) implements Shape {
    }

    record Square(double side) implements Shape {
    }

    private static final String HERE = "dev.anneal.differential.Reflection$";

    static void list(Catalog catalog) {
        catalog.add("forName", () -> {
            for (String simple : List.of("Bean", "Point", "Color", "Absent")) {
                try {
                    Class<?> type = Class.forName(HERE + simple);
                    say(type.getName() + " " + Modifier.toString(type.getModifiers()) + " " + type.getSuperclass());
                } catch (ClassNotFoundException absent) {
                    say("absent: " + absent.getMessage());
                }
            }
        }).add("methods", () -> {
            Class<?> type = Class.forName(name(HERE, "Bean"));
            say(sorted(Arrays.stream(type.getDeclaredMethods()).map(Method::toString)));
            say(sorted(Arrays.stream(type.getMethods()).filter(one -> one.getDeclaringClass() != Object.class).map(Method::getName)));
        }).add("invoke", () -> {
            Class<?> type = Class.forName(name(HERE, "Bean"));
            Object bean = type.getDeclaredConstructor().newInstance();
            say(type.getMethod("hello").invoke(bean));
            Method hidden = type.getDeclaredMethod("hidden", int.class);
            hidden.setAccessible(true);
            say(hidden.invoke(bean, 2));
            say(type.getMethod("joined", String.class, Object[].class).invoke(null, "-", new Object[] {1, 'c', 2.5}));
            try {
                type.getMethod("failing").invoke(bean);
            } catch (InvocationTargetException failed) {
                say(failed.getCause());
            }
            try {
                hidden.invoke(bean, "text");
            } catch (IllegalArgumentException wrong) {
                say(wrong.getClass());
            }
        }).add("fields", () -> {
            Class<?> type = Class.forName(name(HERE, "Bean"));
            Object bean = type.getDeclaredConstructor().newInstance();
            Field secret = type.getDeclaredField("secret");
            secret.setAccessible(true);
            say(secret.get(bean));
            secret.set(bean, "changed");
            say(secret.get(bean));
            Field count = type.getDeclaredField("count");
            say(count.getInt(null));
            say(sorted(Arrays.stream(type.getDeclaredFields()).map(Field::toString)));
            say(((ParameterizedType) type.getField("generic").getGenericType()).getActualTypeArguments()[1]);
            Field inherited = type.getSuperclass().getDeclaredField("inherited");
            say(inherited.getInt(bean));
        }).add("constructors", () -> {
            Class<?> type = Class.forName(name(HERE, "Bean"));
            say(sorted(Arrays.stream(type.getDeclaredConstructors()).map(Constructor::toString)));
            Constructor<?> hidden = type.getDeclaredConstructor(String.class);
            hidden.setAccessible(true);
            Field secret = type.getDeclaredField("secret");
            secret.setAccessible(true);
            say(secret.get(hidden.newInstance("given")));
        }).add("records", () -> {
            Class<?> type = Class.forName(name(HERE, "Point"));
            Object point = type.getDeclaredConstructor(int.class, String.class).newInstance(3, "why");
            for (RecordComponent component : type.getRecordComponents()) {
                say(component.getName() + " " + component.getType() + " = " + component.getAccessor().invoke(point));
            }
            say(point);
            say(type.isRecord());
        }).add("enums", () -> {
            Class<?> type = Class.forName(name(HERE, "Color"));
            say(Arrays.toString(type.getEnumConstants()));
            say(type.getMethod("valueOf", String.class).invoke(null, "GREEN"));
            say(Color.valueOf("GREEN").getClass() == type);
            say(((Color) type.getEnumConstants()[1]).shade());
        }).add("annotations", () -> {
            Class<?> type = Class.forName(name(HERE, "Bean"));
            Mark mark = type.getAnnotation(Mark.class);
            say(mark.value() + Arrays.toString(mark.numbers()) + mark.type());
            say(mark);
            say(mark.equals(type.getAnnotation(Mark.class)) + " " + mark.annotationType().getSimpleName());
            say(type.getDeclaredField("secret").isAnnotationPresent(Mark.class));
            say(type.getSuperclass().getAnnotation(Mark.class).value());
        }).add("sealed", () -> {
            Class<?> type = Class.forName(name(HERE, "Shape"));
            say(sorted(Arrays.stream(type.getPermittedSubclasses()).map(Class::getSimpleName)));
            Object circle = Class.forName(name(HERE, "Circle")).getDeclaredConstructor(double.class).newInstance(1.5);
            say(type.getMethod("describe").invoke(circle));
        }).add("arrays", () -> {
            Class<?> type = Class.forName("[L" + name(HERE, "Bean") + ";");
            Object array = Array.newInstance(type.getComponentType(), 2, 3);
            say(array.getClass().getTypeName() + " " + Array.getLength(array));
            Object ints = Array.newInstance(int.class, 3);
            Array.setInt(ints, 1, 9);
            say(Arrays.toString((int[]) ints));
            say(Class.forName("[[I").getComponentType());
        }).add("relatives", () -> {
            Class<?> type = Class.forName(name(HERE, "Bean"));
            say(type.getDeclaringClass() + " " + type.getEnclosingClass() + " " + type.getNestHost());
            say(sorted(Arrays.stream(type.getInterfaces()).map(Class::getName)));
            say(Arrays.toString(type.getGenericInterfaces()));
            say(type.getPackageName() + " " + type.getSimpleName() + " " + type.getCanonicalName() + " " + type.descriptorString());
            say(sorted(Arrays.stream(type.getDeclaringClass().getDeclaredClasses()).map(Class::getSimpleName)));
        }).add("absentMembers", () -> {
            Class<?> type = Class.forName(name(HERE, "Bean"));
            try {
                type.getMethod("absent");
            } catch (NoSuchMethodException absent) {
                say(absent.getMessage());
            }
            try {
                type.getDeclaredField("absent");
            } catch (NoSuchFieldException absent) {
                say(absent.getMessage());
            }
            try {
                type.getDeclaredConstructor(long.class);
            } catch (NoSuchMethodException absent) {
                say(absent.getMessage());
            }
            try {
                type.getDeclaredMethod("hidden", int.class).invoke(null, 1);
            } catch (NullPointerException none) {
                say("null receiver");
            }
        }).add("parameters", () -> {
            Method joined = Class.forName(name(HERE, "Bean")).getMethod("joined", String.class, Object[].class);
            say(joined.isVarArgs() + " " + joined.getParameterCount() + " " + joined.toGenericString());
            say(Arrays.toString(joined.getParameterTypes()) + Arrays.toString(joined.getExceptionTypes()) + joined.getReturnType());
        });
    }
}
