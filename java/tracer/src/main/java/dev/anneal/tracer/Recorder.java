package dev.anneal.tracer;

import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.invoke.MethodType;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/** What was reached, and by whom. Bounded: what comes after {@link #MOST} elements is not recorded, and that is said once. */
final class Recorder {
    /** A section of the file whose value is a list. */
    enum Section {
        REFLECTION("reflection"), RESOURCES("resources");

        private final String key;

        Section(String key) {
            this.key = key;
        }

        String key() {
            return key;
        }
    }

    private static final int MOST = 200_000;
    /** From so many callers or accesses on, an element holds whoever reaches it: more is asked for, and asking costs a walk. */
    private static final int CALLERS = 8;
    private static final int ACCESSES = 256;

    private final boolean conditions;
    private final Map<Object, Element> elements = new ConcurrentHashMap<>();
    private final Map<String, Boolean> foreign = new ConcurrentHashMap<>();
    private volatile boolean full;
    private volatile boolean faulty;

    Recorder(boolean conditions) {
        this.conditions = conditions;
    }

    /** One element, and the classes that reached it. */
    private final class Element {
        private final Section section;
        /** The JSON object without its opening brace. */
        private final String body;
        private final List<String> callers = new ArrayList<>(1);
        private int accesses;
        /** It holds without a condition: nobody need be asked any more. */
        private volatile boolean settled;

        Element(Section section, String body) {
            this.section = section;
            this.body = body;
        }

        synchronized void reachedBy(Class<?> caller) {
            if (settled) {
                return;
            }
            accesses++;
            String name = caller == Callers.UNKNOWN || caller.isHidden() ? null : caller.getName();
            if (name == null || !conditions || accesses >= ACCESSES) {
                settled = true;
            } else if (!callers.contains(name)) {
                callers.add(name);
                settled = callers.size() > CALLERS;
            }
            if (settled) {
                callers.clear();
            }
        }

        synchronized void lines(List<String> into) {
            if (settled) {
                into.add("{" + body);
            }
            for (String caller : callers) {
                into.add("{\"condition\":{\"typeReached\":" + Names.quoted(caller) + "}," + body);
            }
        }
    }

    /** Whether there is nothing more to learn of an element, so that nobody need look who reaches it. */
    boolean isSettled(Object key) {
        Element element = elements.get(key);
        return element != null && element.settled;
    }

    void typeByName(String name, Class<?> caller) {
        if (caller == null || name == null) {
            return;
        }
        String type = name;
        int dimensions = 0;
        while (type.startsWith("[")) {
            type = type.substring(1);
            dimensions++;
        }
        if (dimensions > 0) {
            if (!type.startsWith("L") || !type.endsWith(";")) {
                return;
            }
            type = type.substring(1, type.length() - 1);
        }
        if (Names.isTypeName(type)) {
            String text = type + "[]".repeat(dimensions);
            reach("type " + text, Section.REFLECTION, "\"type\":" + Names.quoted(text) + "}", caller);
        }
    }

    void type(Class<?> type, Class<?> caller) {
        String name = caller == null ? null : Names.type(type);
        if (name != null) {
            reach(type, Section.REFLECTION, "\"type\":" + name + "}", caller);
        }
    }

    void method(Method method, Class<?> caller) {
        String name = caller == null ? null : Names.owner(method.getDeclaringClass());
        if (name != null) {
            reach(method, Section.REFLECTION, member(name, method.getName(), method.getParameterTypes()), caller);
        }
    }

    void constructor(Constructor<?> constructor, Class<?> caller) {
        String name = caller == null ? null : Names.owner(constructor.getDeclaringClass());
        if (name != null) {
            reach(constructor, Section.REFLECTION, member(name, "<init>", constructor.getParameterTypes()), caller);
        }
    }

    void field(Field field, Class<?> caller) {
        String name = caller == null ? null : Names.owner(field.getDeclaringClass());
        if (name != null) {
            String body = "\"type\":" + name + ",\"fields\":[{\"name\":" + Names.quoted(field.getName()) + "}]}";
            reach(field, Section.REFLECTION, body, caller);
        }
    }

    /** A method as a handle's look-up finds it: in the type or in what it inherits from. */
    void methodOf(Class<?> type, String name, MethodType signature, Class<?> caller) {
        for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
            if (declares(owner, name, signature, caller)) {
                return;
            }
        }
        for (Class<?> one : type.getInterfaces()) {
            methodOf(one, name, signature, caller);
        }
    }

    private boolean declares(Class<?> owner, String name, MethodType signature, Class<?> caller) {
        try {
            method(owner.getDeclaredMethod(name, signature.parameterArray()), caller);
            return true;
        } catch (NoSuchMethodException elsewhere) {
            return false;
        }
    }

    void fieldOf(Class<?> type, String name, Class<?> caller) {
        for (Class<?> owner = type; owner != null; owner = owner.getSuperclass()) {
            try {
                field(owner.getDeclaredField(name), caller);
                return;
            } catch (NoSuchFieldException elsewhere) {
                // Perhaps in what it inherits from.
            }
        }
    }

    void proxy(Class<?>[] interfaces, Class<?> caller) {
        if (caller != null) {
            String name = Names.proxy(interfaces);
            reach("proxy " + name, Section.REFLECTION, "\"type\":" + name + "}", caller);
        }
    }

    void resource(String path, Module module, Class<?> caller) {
        if (caller == null || path == null || path.isEmpty()) {
            return;
        }
        String of = module != null && module.isNamed() ? "\"module\":" + Names.quoted(module.getName()) + "," : "";
        String body = of + "\"glob\":" + Names.quoted(Names.glob(path)) + "}";
        reach("resource " + body, Section.RESOURCES, body, caller);
    }

    void bundle(String name, Class<?> caller) {
        if (caller != null && name != null) {
            reach("bundle " + name, Section.RESOURCES, "\"bundle\":" + Names.quoted(name) + "}", caller);
        }
    }

    /**
     * Without a condition: GraalVM 25.0.2 ends with an error at a record that is serializable under one. Lambdas are left out: it
     * ends with an error at them in any case.
     */
    void serialized(Class<?> type) {
        String name = type == null || type.isHidden() ? null : Names.type(type);
        if (name != null) {
            reach("serialized " + name, Section.REFLECTION, "\"type\":" + name + ",\"serializable\":true}", Callers.UNKNOWN);
        }
    }

    void allocated(Class<?> type, Class<?> caller) {
        String name = caller == null ? null : Names.type(type);
        if (name != null) {
            reach("allocated " + name, Section.REFLECTION, "\"type\":" + name + ",\"unsafeAllocated\":true}", caller);
        }
    }

    /** A class of the program with native methods: what is known of what native code may look up. */
    void nativeMethods(String owner, List<String> types) {
        reach("jni " + owner, Section.REFLECTION, "\"type\":" + Names.quoted(owner) + ",\"jniAccessible\":true}", Callers.UNKNOWN);
        for (String type : types) {
            reach("jni " + type, Section.REFLECTION, "\"type\":" + Names.quoted(type) + ",\"jniAccessible\":true}", Callers.UNKNOWN);
        }
    }

    void foreign(String kind, FunctionDescriptor function, Linker.Option[] options) {
        if (foreign.size() < MOST) {
            foreign.put(kind + " " + Layouts.function(function, options), Boolean.TRUE);
        }
    }

    /** A hook met something that it was not written for: the program goes on, and what was recorded may not be all. */
    void failed(Throwable unexpected) {
        if (!faulty && !(unexpected instanceof StackOverflowError) && !(unexpected instanceof OutOfMemoryError)) {
            faulty = true;
            Tracer.say("something that the program reaches was not recorded: " + unexpected);
        }
    }

    /** Every line of a section, in no order. */
    List<String> lines(Section section) {
        List<String> lines = new ArrayList<>();
        for (Element element : elements.values()) {
            if (element.section == section) {
                element.lines(lines);
            }
        }
        return lines;
    }

    /** Every line of a list in the section {@code foreign}, in no order. */
    List<String> foreign(String kind) {
        List<String> lines = new ArrayList<>();
        for (String line : foreign.keySet()) {
            if (line.startsWith(kind + " ")) {
                lines.add(line.substring(kind.length() + 1));
            }
        }
        return lines;
    }

    private void reach(Object key, Section section, String body, Class<?> caller) {
        Element element = elements.get(key);
        if (element == null) {
            if (elements.size() >= MOST) {
                if (!full) {
                    full = true;
                    Tracer.say("the program reaches more than " + MOST + " elements; the others are not recorded");
                }
                return;
            }
            Element made = new Element(section, body);
            Element raced = elements.putIfAbsent(key, made);
            element = raced == null ? made : raced;
        }
        element.reachedBy(caller);
    }

    private static String member(String type, String name, Class<?>[] parameters) {
        return "\"type\":" + type + ",\"methods\":[{\"name\":" + Names.quoted(name) + ",\"parameterTypes\":" + Names.types(parameters) + "}]}";
    }
}
