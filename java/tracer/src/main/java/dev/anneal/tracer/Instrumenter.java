package dev.anneal.tracer;

import java.lang.classfile.ClassFile;
import java.lang.classfile.ClassHierarchyResolver;
import java.lang.classfile.ClassModel;
import java.lang.classfile.ClassTransform;
import java.lang.classfile.CodeBuilder;
import java.lang.classfile.CodeElement;
import java.lang.classfile.CodeTransform;
import java.lang.classfile.MethodModel;
import java.lang.classfile.TypeKind;
import java.lang.classfile.constantpool.MethodRefEntry;
import java.lang.classfile.constantpool.PoolEntry;
import java.lang.classfile.instruction.InvokeInstruction;
import java.lang.classfile.instruction.ReturnInstruction;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.lang.instrument.ClassFileTransformer;
import java.lang.reflect.AccessFlag;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.security.ProtectionDomain;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Puts calls of hooks into classes: into the JDK's methods of {@link Targets}, and before the program's own calls of
 * {@code ClassLoader.loadClass}, which the JVM calls too whenever it links a class.
 */
final class Instrumenter implements ClassFileTransformer {
    private static final ClassDesc HOOKS = Hooks.class.describeConstable().orElseThrow();
    private static final String LOADER = "java/lang/ClassLoader";
    private static final String LOAD = "loadClass";
    private static final MethodTypeDesc LOAD_TYPE = MethodTypeDesc.of(ConstantDescs.CD_Class, ConstantDescs.CD_String);

    private final Map<String, List<Target>> targets = new HashMap<>();
    private final Map<String, MethodTypeDesc> hooks = new HashMap<>();

    Instrumenter(List<Target> all) {
        for (Target target : all) {
            targets.computeIfAbsent(target.owner().replace('.', '/'), name -> new ArrayList<>()).add(target);
        }
        for (Method hook : Hooks.class.getDeclaredMethods()) {
            if (Modifier.isPublic(hook.getModifiers())) {
                List<ClassDesc> parameters = new ArrayList<>();
                for (Class<?> parameter : hook.getParameterTypes()) {
                    parameters.add(parameter.describeConstable().orElseThrow());
                }
                hooks.put(hook.getName(), MethodTypeDesc.of(ConstantDescs.CD_void, parameters));
            }
        }
    }

    @Override
    public byte[] transform(ClassLoader loader, String name, Class<?> redefined, ProtectionDomain domain, byte[] bytes) {
        if (name == null) {
            return null;
        }
        List<Target> wanted = loader == null ? targets.get(name) : null;
        if (wanted == null && (loader == null || loader == ClassLoader.getPlatformClassLoader() || redefined != null)) {
            return null;
        }
        // What is reached on the way is not the program's.
        boolean begun = Hooks.beginIgnoring();
        try {
            return wanted != null ? hooked(bytes, wanted) : guarded(loader, bytes);
        } catch (RuntimeException | LinkageError strange) {
            if (wanted != null) {
                Tracer.say("what is reached through " + name + " is not recorded: " + strange);
            }
            return null;
        } finally {
            if (begun) {
                Hooks.endIgnoring();
            }
        }
    }

    private byte[] hooked(byte[] bytes, List<Target> wanted) {
        ClassFile context = ClassFile.of();
        ClassModel model = context.parse(bytes);
        ClassTransform transform = (builder, element) -> {
            if (element instanceof MethodModel method && method.code().isPresent() && isEntryPoint(model, method)) {
                List<Target> calls = new ArrayList<>();
                for (Target target : wanted) {
                    if (method.methodName().equalsString(target.method()) && fits(model, method, target)) {
                        calls.add(target);
                    }
                }
                if (!calls.isEmpty()) {
                    builder.transformMethod(method, (inner, part) -> {
                        if (part instanceof java.lang.classfile.CodeModel code) {
                            inner.transformCode(code, new Calls(model, method, calls, hooks));
                        } else {
                            inner.with(part);
                        }
                    });
                    return;
                }
            }
            builder.with(element);
        };
        return context.transformClass(model, transform);
    }

    /** What programs call; of {@code ObjectStreamClass}, whose public methods are not what serialization calls, everything. */
    private static boolean isEntryPoint(ClassModel model, MethodModel method) {
        return method.flags().has(AccessFlag.PUBLIC) || model.thisClass().asInternalName().equals("java/io/ObjectStreamClass");
    }

    private boolean fits(ClassModel model, MethodModel method, Target target) {
        if (target.moment() == Target.Moment.RETURN) {
            return !method.methodTypeSymbol().returnType().isPrimitive();
        }
        List<ClassDesc> given = arguments(model, method);
        List<ClassDesc> taken = hooks.get(target.hook()).parameterList();
        if (taken.size() > given.size()) {
            return false;
        }
        for (int index = 0; index < taken.size(); index++) {
            boolean any = taken.get(index).equals(ConstantDescs.CD_Object) && !given.get(index).isPrimitive();
            if (!any && !taken.get(index).equals(given.get(index))) {
                return false;
            }
        }
        return true;
    }

    /** The receiver, if there is one, and the arguments. */
    private static List<ClassDesc> arguments(ClassModel model, MethodModel method) {
        List<ClassDesc> all = new ArrayList<>();
        if (!method.flags().has(AccessFlag.STATIC)) {
            all.add(model.thisClass().asSymbol());
        }
        all.addAll(method.methodTypeSymbol().parameterList());
        return all;
    }

    private record Calls(ClassModel model, MethodModel method, List<Target> targets, Map<String, MethodTypeDesc> hooks)
            implements CodeTransform {
        @Override
        public void atStart(CodeBuilder code) {
            for (Target target : targets) {
                if (target.moment() == Target.Moment.ENTRY) {
                    MethodTypeDesc type = hooks.get(target.hook());
                    List<ClassDesc> given = arguments(model, method);
                    int slot = 0;
                    for (int index = 0; index < type.parameterCount(); index++) {
                        TypeKind kind = TypeKind.from(given.get(index));
                        code.loadLocal(kind, slot);
                        slot += kind.slotSize();
                    }
                    code.invokestatic(HOOKS, target.hook(), type);
                }
            }
        }

        @Override
        public void accept(CodeBuilder code, CodeElement element) {
            if (element instanceof ReturnInstruction back && back.typeKind() == TypeKind.REFERENCE) {
                for (Target target : targets) {
                    if (target.moment() == Target.Moment.RETURN) {
                        code.dup().invokestatic(HOOKS, target.hook(), hooks.get(target.hook()));
                    }
                }
            }
            code.with(element);
        }
    }

    private byte[] guarded(ClassLoader loader, byte[] bytes) {
        ClassFile context = ClassFile.of(ClassFile.ClassHierarchyResolverOption.of(ClassHierarchyResolver.ofResourceParsing(loader)));
        ClassModel model = context.parse(bytes);
        noteNativeMethods(model);
        if (!calls(model)) {
            return null;
        }
        CodeTransform transform = (code, element) -> {
            if (element instanceof InvokeInstruction call && call.name().equalsString(LOAD) && call.typeSymbol().equals(LOAD_TYPE)) {
                code.dup().invokestatic(HOOKS, "typeLoaded", hooks.get("typeLoaded"));
            }
            code.with(element);
        };
        return context.transformClass(model, ClassTransform.transformingMethodBodies(transform));
    }

    /** Whether a class may call {@code loadClass}: of whatever class, it is the loader's. */
    private static boolean calls(ClassModel model) {
        for (PoolEntry entry : model.constantPool()) {
            if (entry instanceof MethodRefEntry method && method.name().equalsString(LOAD) && method.typeSymbol().equals(LOAD_TYPE)) {
                return true;
            }
        }
        return false;
    }

    private static void noteNativeMethods(ClassModel model) {
        Recorder recorder = Hooks.recorder;
        if (recorder == null) {
            return;
        }
        List<String> types = new ArrayList<>();
        boolean any = false;
        for (MethodModel method : model.methods()) {
            if (method.flags().has(AccessFlag.NATIVE)) {
                any = true;
                for (ClassDesc type : method.methodTypeSymbol().parameterList()) {
                    note(types, type);
                }
                note(types, method.methodTypeSymbol().returnType());
            }
        }
        if (any) {
            recorder.nativeMethods(model.thisClass().asInternalName().replace('/', '.'), types);
        }
    }

    private static void note(List<String> types, ClassDesc type) {
        if (type.isClassOrInterface()) {
            String descriptor = type.descriptorString();
            types.add(descriptor.substring(1, descriptor.length() - 1).replace('/', '.'));
        }
    }
}
