package dev.anneal.tracer.programs;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.MethodType;
import java.lang.reflect.Array;
import java.lang.reflect.Proxy;
import java.util.List;
import java.util.MissingResourceException;
import java.util.ResourceBundle;
import java.util.concurrent.Callable;
import java.util.function.Function;
import java.util.function.Supplier;

/** Reaches one thing by name, as its argument says, and prints what came of it. */
@SuppressWarnings({"restricted", "serial"})
public final class Reaching {
    private Reaching() {
    }

    /** Something to reach. */
    public static final class Target {
        /** A field. */
        public String text = "text";

        /** One of it. */
        public Target() {
        }

        /**
         * A method.
         *
         * @param count how often
         * @param part what
         * @return the result
         */
        public String join(int count, String[] part) {
            return String.join("", part).repeat(count);
        }

        static int twice(int number) {
            return 2 * number;
        }
    }

    /** Something to serialize. */
    record Point(int x, int y) implements Serializable {
    }

    /** Something to find a proxy for. */
    interface Greeter {
        String greet();
    }

    /**
     * Reaches it.
     *
     * @param arguments which
     * @throws Throwable what the access throws
     */
    public static void main(String[] arguments) throws Throwable {
        for (String argument : arguments) {
            System.out.println(argument + ": " + reach(argument));
        }
    }

    private static Object reach(String what) throws Throwable {
        String target = "dev.anneal.tracer.programs.Reaching$" + "Target".substring(0, 6);
        return switch (what) {
            case "type" -> Class.forName(target).getSimpleName();
            case "absent" -> absent(() -> Class.forName("none.such.Type"));
            case "load" -> Reaching.class.getClassLoader().loadClass(target).getSimpleName();
            case "array" -> Class.forName("[L" + target + ";").getSimpleName() + Array.getLength(Array.newInstance(Target.class, 2));
            case "method" -> Target.class.getMethod("join", int.class, String[].class).invoke(new Target(), 2, new String[] {"a"});
            case "constructor" -> Target.class.getDeclaredConstructor().newInstance().text;
            case "field" -> Target.class.getField("text").get(new Target());
            case "reference" -> List.of(target).stream().map(named(Class::forName)).map(Class::getSimpleName).toList();
            case "virtual" -> virtual(() -> Class.forName(target).getSimpleName());
            case "handle" -> (int) MethodHandles.lookup()
                    .findStatic(Target.class, "twice", MethodType.methodType(int.class, int.class)).invokeExact(21);
            case "resource" -> Reaching.class.getResource("some.txt") == null;
            case "loaderResource" -> Reaching.class.getClassLoader().getResource("other/[a]*.txt") == null;
            case "services" -> java.util.ServiceLoader.load(Runnable.class).findFirst().isPresent();
            case "bundle" -> absent(() -> ResourceBundle.getBundle("texts.words"));
            case "proxy" -> ((Greeter) Proxy.newProxyInstance(Reaching.class.getClassLoader(), new Class<?>[] {Greeter.class},
                    (proxy, method, given) -> "hello")).greet();
            case "serialize" -> copy(new Point(1, 2));
            case "lambda" -> ((Supplier<?>) copy((Supplier<String> & Serializable) () -> "copied")).get();
            case "foreign" -> Linker.nativeLinker().downcallHandle(FunctionDescriptor.of(ValueLayout.JAVA_LONG, ValueLayout.ADDRESS))
                    .type();
            default -> throw new IllegalArgumentException(what);
        };
    }

    private interface Finder {
        Class<?> find(String name) throws ClassNotFoundException;
    }

    private static Function<String, Class<?>> named(Finder finder) {
        return name -> {
            try {
                return finder.find(name);
            } catch (ClassNotFoundException absent) {
                throw new IllegalStateException(absent);
            }
        };
    }

    private static String absent(Callable<?> access) throws Exception {
        try {
            return "found " + access.call();
        } catch (ClassNotFoundException | MissingResourceException none) {
            return none.getClass().getSimpleName() + " from " + none.getStackTrace()[0].getMethodName();
        }
    }

    private static Object virtual(Callable<?> access) throws Exception {
        var result = new java.util.concurrent.FutureTask<Object>(access::call);
        Thread.ofVirtual().start(result);
        return result.get();
    }

    private static Object copy(Object original) throws Exception {
        var bytes = new ByteArrayOutputStream();
        try (var out = new ObjectOutputStream(bytes)) {
            out.writeObject(original);
        }
        try (var in = new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            return in.readObject();
        }
    }
}
