package dev.anneal.standin.runtime;

import jdk.internal.access.SharedSecrets;

/**
 * Runs work after every ordinary shutdown hook has ended, as a native executable writes its profile: what requests count
 * while a server drains is in it. Needs the export of {@code java.base/jdk.internal.access}.
 */
public final class LastHook {
    /** The JDK uses the slots 0 to 2: console, ordinary hooks, files to delete. */
    private static final int SLOT = 5;

    private LastHook() {
    }

    /**
     * Registers the work.
     *
     * @param work what to do last
     */
    public static void register(Runnable work) {
        SharedSecrets.getJavaLangAccess().registerShutdownHook(SLOT, true, work);
    }
}
