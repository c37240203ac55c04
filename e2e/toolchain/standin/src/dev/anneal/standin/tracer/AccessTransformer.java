package dev.anneal.standin.tracer;

import dev.anneal.standin.rewrite.ClassRewriter;
import dev.anneal.standin.rewrite.Hierarchy;
import java.lang.instrument.ClassFileTransformer;
import java.security.ProtectionDomain;

/** Sends the accesses of every application class through the gate as it is loaded. */
final class AccessTransformer implements ClassFileTransformer {
    @Override
    public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
        if (redefined != null || !seesTracer(loader) || isOwn(name)) {
            return null;
        }
        try {
            return new ClassRewriter(new Hierarchy(loader::getResourceAsStream)).guard(bytes);
        } catch (IllegalArgumentException | IllegalStateException malformed) {
            System.err.println("standin-native-image: " + name + " is not traced: " + malformed.getMessage());
            return null;
        }
    }

    private static boolean seesTracer(ClassLoader loader) {
        for (ClassLoader at = loader; at != null; at = at.getParent()) {
            if (at == ClassLoader.getSystemClassLoader()) {
                return true;
            }
        }
        return false;
    }

    private static boolean isOwn(String name) {
        return name == null || name.startsWith("dev/anneal/standin/") || name.startsWith("org/graalvm/nativeimage/");
    }
}
