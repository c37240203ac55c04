package dev.anneal.pgo;

import com.oracle.svm.core.util.UserError;

/** Refuses builders that this jar was not made for: all that it uses of them is internal to them. */
final class Builder {
    private static final String VERSION = "25.0.2";

    private Builder() {
    }

    static void check() {
        if (!System.getProperty("os.arch").equals("amd64")) {
            throw UserError.abort("anneal-pgo writes code for amd64 alone.");
        }
        String version = System.getProperty("org.graalvm.version", "unknown");
        if (!supports(version)) {
            throw UserError.abort("anneal-pgo is made for the native-image builder of GraalVM Community Edition %s, and this one is %s.", VERSION, version);
        }
    }

    static boolean supports(String version) {
        return version.equals(VERSION) || version.startsWith(VERSION + "+");
    }
}
