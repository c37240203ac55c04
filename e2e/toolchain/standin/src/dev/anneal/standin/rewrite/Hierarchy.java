package dev.anneal.standin.rewrite;

import java.io.InputStream;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.constant.ClassDesc;
import java.util.function.Function;

/** What the verifier's frames need to know about types: super classes, and which types are interfaces. */
public final class Hierarchy {
    private final ClassHierarchyResolver resolver;

    /**
     * A hierarchy over class files.
     *
     * @param classFile opens the class file of a path such as {@code a/B.class}, or answers null
     */
    public Hierarchy(Function<String, InputStream> classFile) {
        resolver = ClassHierarchyResolver.ofResourceParsing((ClassDesc type) -> open(classFile, type))
                .orElse(ClassHierarchyResolver.ofResourceParsing(ClassLoader.getPlatformClassLoader()))
                // An absent optional dependency merges with any other type to Object, as interfaces do.
                .orElse(type -> ClassHierarchyResolver.ClassHierarchyInfo.ofInterface())
                .cached();
    }

    ClassHierarchyResolver resolver() {
        return resolver;
    }

    private static InputStream open(Function<String, InputStream> classFile, ClassDesc type) {
        String descriptor = type.descriptorString();
        return type.isClassOrInterface() ? classFile.apply(descriptor.substring(1, descriptor.length() - 1) + ".class") : null;
    }
}
