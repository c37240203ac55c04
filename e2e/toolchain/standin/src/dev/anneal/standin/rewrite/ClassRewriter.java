package dev.anneal.standin.rewrite;

import java.lang.classfile.Attributes;
import java.lang.classfile.ClassBuilder;
import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeModel;
import java.lang.classfile.MethodModel;
import java.lang.classfile.attribute.CodeAttribute;
import java.lang.classfile.instruction.InvokeInstruction;

/** Rewrites classes: accesses by name go through the gate, and an instrumented class counts. */
public final class ClassRewriter {
    /** Older class files have no class constants and another verifier; they are left alone. */
    private static final int OLDEST = ClassFile.JAVA_6_VERSION;

    private final ClassFile classFile;

    /**
     * A rewriter for the classes of one class path or loader.
     *
     * @param hierarchy what is known about the types that the code mentions
     */
    public ClassRewriter(Hierarchy hierarchy) {
        classFile = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(hierarchy.resolver()));
    }

    /**
     * Sends the accesses of a class through the gate.
     *
     * @param bytes the class file
     * @return the new class file, or null if nothing in it is to be changed
     */
    public byte[] guard(byte[] bytes) {
        ClassModel model = classFile.parse(bytes);
        if (model.majorVersion() < OLDEST || model.methods().stream().noneMatch(ClassRewriter::hasAccess)) {
            return null;
        }
        return classFile.transformClass(model, ClassTransform.transformingMethodBodies(
                ClassRewriter::hasAccess, new AccessTransform(model.thisClass().asSymbol())));
    }

    /**
     * Sends the accesses of a class through the gate, and counts what its methods do.
     *
     * @param bytes the class file
     * @param sites receives the places that count
     * @return the new class file, or null if nothing in it is to be changed
     */
    public byte[] instrument(byte[] bytes, SiteTable sites) {
        ClassModel model = classFile.parse(bytes);
        if (model.majorVersion() < OLDEST || model.methods().stream().noneMatch(method -> method.code().isPresent())) {
            return null;
        }
        SiteTable own = sites.fork();
        byte[] instrumented = classFile.transformClass(model, (builder, element) -> {
            if (element instanceof MethodModel method && method.code().isPresent()) {
                instrumentMethod(builder, model, method, own);
            } else {
                builder.with(element);
            }
        });
        sites.join(own);
        return instrumented;
    }

    private static void instrumentMethod(ClassBuilder builder, ClassModel model, MethodModel method, SiteTable sites) {
        CodeAttribute code = method.findAttribute(Attributes.code()).orElseThrow();
        int id = sites.addMethod(model.thisClass().asSymbol(), method.methodName().stringValue(), method.methodTypeSymbol());
        CountTransform count = new CountTransform(code, id, sites);
        AccessTransform access = new AccessTransform(model.thisClass().asSymbol());
        builder.transformMethod(method, (methodBuilder, element) -> {
            if (element instanceof CodeModel body) {
                methodBuilder.transformCode(body, count.andThen(access));
            } else {
                methodBuilder.with(element);
            }
        });
    }

    private static boolean hasAccess(MethodModel method) {
        return method.code().map(ClassRewriter::hasAccess).orElse(false);
    }

    private static boolean hasAccess(CodeModel code) {
        return code.elementStream().anyMatch(element -> element instanceof InvokeInstruction call && AccessTransform.concerns(call));
    }
}
