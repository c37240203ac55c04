package dev.anneal.pgo.graal;

import com.oracle.svm.core.Uninterruptible;
import jdk.vm.ci.meta.JavaType;
import jdk.vm.ci.meta.ResolvedJavaMethod;

/** Which methods profiles are about: those of programs and of Java's class library. */
public final class Scope {
    private static final String OWN = "dev.anneal.pgo.";

    /** The virtual machine itself runs before there are threads, and where none may stop. */
    private static final String[] OUTSIDE = {"com.oracle.svm.", "com.oracle.graal.", "jdk.graal.", "org.graalvm.", OWN};

    private Scope() {
    }

    /** Types of the virtual machine are named where they come to a place; those of this add-on are not. */
    public static boolean has(JavaType type) {
        return !type.toJavaName(true).startsWith(OWN);
    }

    public static boolean has(ResolvedJavaMethod method) {
        if (method == null || Uninterruptible.Utils.isUninterruptible(method)) {
            return false;
        }
        String type = method.getDeclaringClass().toJavaName(true);
        for (String prefix : OUTSIDE) {
            if (type.startsWith(prefix)) {
                return false;
            }
        }
        return true;
    }
}
