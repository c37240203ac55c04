package dev.anneal.tracer;

import java.lang.reflect.Proxy;
import java.util.Iterator;
import java.util.function.Function;
import java.util.stream.Stream;

/**
 * For whom something is reached.
 *
 * <p>What the JDK reaches for itself needs no registration: native executables have it. So an access counts if the program makes
 * it, directly or through a part of the JDK that calls what it is given (streams, collections, executors, reflection); if the JDK
 * reaches a class of the program; or if one of its parts that find implementations by name does so for the program.
 */
final class Callers {
    /** Stands for a program of which no frame is on the stack. */
    static final Class<?> UNKNOWN = Callers.class;

    private static final String[] FINDERS = {"java.security.", "javax.crypto.", "sun.security.", "com.sun.crypto.", "javax.net.", "javax.xml.",
        "jdk.xml.internal.", "com.sun.org.apache.", "sun.util.", "sun.text.", "java.util.ResourceBundle", "java.util.logging.",
        "java.time.", "javax.management.", "com.sun.jmx.", "sun.management.", "com.sun.management."};

    private static final StackWalker WALKER = StackWalker.getInstance(StackWalker.Option.RETAIN_CLASS_REFERENCE);
    private static final Function<Stream<StackWalker.StackFrame>, Class<?>> APPLICATION = new First();

    private Callers() {
    }

    /**
     * The class of the program for which something is reached.
     *
     * @param target the class that is reached, if there is one
     * @param own visible frames between the hooks and the caller: 1 for the method that called the hook, 0 if the walk leaves it out
     * @return that class, {@link #UNKNOWN}, or null if it is the JDK's own affair
     */
    static Class<?> find(Class<?> target, int own) {
        Class<?> direct = WALKER.walk(new Direct(own, true));
        if (direct == null || isApplication(direct)) {
            return direct;
        }
        // A proxy looks its own methods up: natively they are there with it.
        if (Proxy.isProxyClass(direct)) {
            return null;
        }
        if (target != null && isApplication(target)) {
            return application();
        }
        return isFinder(direct.getName()) ? applicationOnStack() : null;
    }

    /** Whether a part of the JDK finds by name what stands behind an interface that the program uses. */
    private static boolean isFinder(String name) {
        for (String finder : FINDERS) {
            if (name.startsWith(finder)) {
                return true;
            }
        }
        return false;
    }

    /**
     * The class of the program that reaches something without a part of the JDK between. The JDK links the program's lambdas by
     * handles and copies its arrays, which is its own affair.
     */
    static Class<?> findDirect(int own) {
        Class<?> direct = WALKER.walk(new Direct(own, false));
        return direct != null && isApplication(direct) ? direct : null;
    }

    /** The innermost class of the program, or {@link #UNKNOWN}. */
    static Class<?> application() {
        Class<?> found = WALKER.walk(APPLICATION);
        return found == null ? UNKNOWN : found;
    }

    /** The innermost class of the program; null if none is on the stack. */
    static Class<?> applicationOnStack() {
        return WALKER.walk(APPLICATION);
    }

    /** Whether a class is the program's or a library's. */
    static boolean isApplication(Class<?> type) {
        Class<?> element = type;
        while (element.isArray()) {
            element = element.getComponentType();
        }
        ClassLoader loader = element.getClassLoader();
        if (loader == null || loader == ClassLoader.getPlatformClassLoader() || Proxy.isProxyClass(element)) {
            return false;
        }
        Module module = element.getModule();
        return !module.isNamed() || !(module.getName().startsWith("java.") || module.getName().startsWith("jdk."));
    }

    /** Whether a class of the JDK calls what it is given. */
    private static boolean isTransparent(String name) {
        if (name.startsWith("java.util.")) {
            return !(name.startsWith("java.util.ServiceLoader") || name.startsWith("java.util.ResourceBundle")
                    || name.startsWith("java.util.logging.") || name.startsWith("java.util.jar.") || name.startsWith("java.util.zip.")
                    || name.startsWith("java.util.prefs.") || name.startsWith("java.util.concurrent.atomic."));
        }
        return name.startsWith("java.lang.reflect.") || name.startsWith("jdk.internal.reflect.")
                || name.startsWith("java.lang.invoke.") || name.equals("java.security.AccessController")
                || name.equals("java.lang.Iterable") || name.equals("java.lang.Thread") || name.equals("java.lang.VirtualThread")
                || name.startsWith("java.lang.ScopedValue");
    }

    private static final class Direct implements Function<Stream<StackWalker.StackFrame>, Class<?>> {
        private final int own;
        private final boolean transparent;

        Direct(int own, boolean transparent) {
            this.own = own;
            this.transparent = transparent;
        }

        @Override
        public Class<?> apply(Stream<StackWalker.StackFrame> frames) {
            Iterator<StackWalker.StackFrame> all = frames.iterator();
            boolean outside = false;
            int skip = own;
            while (all.hasNext()) {
                Class<?> type = all.next().getDeclaringClass();
                if (!outside && type.getPackage() == Hooks.class.getPackage()) {
                    if (type == Hooks.class) {
                        outside = true;
                    }
                    continue;
                }
                outside = true;
                if (type == Hooks.class) {
                    continue;
                }
                if (skip > 0) {
                    skip--;
                } else if (isApplication(type) || !(transparent && isTransparent(type.getName()))) {
                    return type;
                }
            }
            return null;
        }
    }

    private static final class First implements Function<Stream<StackWalker.StackFrame>, Class<?>> {
        @Override
        public Class<?> apply(Stream<StackWalker.StackFrame> frames) {
            Iterator<StackWalker.StackFrame> all = frames.iterator();
            while (all.hasNext()) {
                Class<?> type = all.next().getDeclaringClass();
                if (isApplication(type)) {
                    return type;
                }
            }
            return null;
        }
    }
}
