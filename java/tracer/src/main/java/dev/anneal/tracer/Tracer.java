package dev.anneal.tracer;

import java.io.IOException;
import java.lang.instrument.Instrumentation;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Puts the parts together. Its classes are the bootstrap loader's. */
public final class Tracer {
    /** The JDK uses the slots 0 to 2: console, ordinary shutdown hooks, files to delete. */
    private static final int LAST_SLOT = 6;

    private Tracer() {
    }

    /**
     * Begins to record.
     *
     * @param text the options
     * @param instrumentation the JVM's services
     * @throws Exception if the JVM is not one that the tracer was written for
     */
    public static void start(String text, Instrumentation instrumentation) throws Exception {
        MetadataFile file;
        Recorder recorder;
        Options options;
        try {
            options = Options.parse(text);
            recorder = new Recorder(options.conditions());
            file = MetadataFile.open(options, recorder);
        } catch (IllegalArgumentException | IOException unusable) {
            // An exception would make the JVM abort with a page about itself.
            say(unusable.getMessage());
            Runtime.getRuntime().halt(1);
            return;
        }
        Hooks.recorder = recorder;
        Instrumenter instrumenter = new Instrumenter(Targets.ALL);
        instrumentation.addTransformer(instrumenter, true);
        Set<Class<?>> targets = new HashSet<>();
        for (Target target : Targets.ALL) {
            Class<?> owner = find(target.owner());
            if (owner != null) {
                targets.add(owner);
            }
        }
        instrumentation.retransformClasses(targets.toArray(new Class<?>[0]));
        afterShutdownHooks(instrumentation, file::writeOrSay);
        if (options.periodSeconds() > 0) {
            file.writePeriodically(options);
        }
    }

    /** Says something that went wrong. */
    static void say(String what) {
        System.err.println("anneal-tracer: " + what);
    }

    /** A class of the JDK; null if its module is not there. */
    private static Class<?> find(String name) {
        try {
            return Class.forName(name, false, ClassLoader.getPlatformClassLoader());
        } catch (ClassNotFoundException absent) {
            return null;
        }
    }

    /** Ordinary hooks run beside each other: what a program reaches while it ends is recorded only by one that comes after them. */
    private static void afterShutdownHooks(Instrumentation instrumentation, Runnable work) throws ReflectiveOperationException {
        instrumentation.redefineModule(Object.class.getModule(), Set.of(),
                Map.of("jdk.internal.access", Set.of(Tracer.class.getModule())), Map.of(), Set.of(), Map.of());
        Object access = Class.forName("jdk.internal.access.SharedSecrets").getMethod("getJavaLangAccess").invoke(null);
        Class.forName("jdk.internal.access.JavaLangAccess")
                .getMethod("registerShutdownHook", int.class, boolean.class, Runnable.class)
                .invoke(access, LAST_SLOT, true, work);
    }
}
