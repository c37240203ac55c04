import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.ConstantDescs;
import java.lang.constant.MethodTypeDesc;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Writes the class {@code anneal.Entry} of the shape that the product's resolve step generates; for the stand-in's tests
 * only. Arguments: the folder, the contract, the function's class.
 */
public final class EntryGenerator {
    private static final ClassDesc ENTRY = ClassDesc.of("anneal.Entry");
    private static final ClassDesc HANDLER = ClassDesc.of("dev.anneal.launcher.Handler");
    private static final ClassDesc LAUNCHER = ClassDesc.of("dev.anneal.launcher.Launcher");
    private static final ClassDesc FUNCTION = ClassDesc.of("java.util.function.Function");
    private static final MethodTypeDesc OBJECT_TO_OBJECT = MethodTypeDesc.of(ConstantDescs.CD_Object, ConstantDescs.CD_Object);
    private static final MethodTypeDesc MAIN = MethodTypeDesc.of(ConstantDescs.CD_void, ConstantDescs.CD_String.arrayType());

    private EntryGenerator() {
    }

    public static void main(String[] arguments) throws IOException {
        boolean map = arguments[1].equals("Map");
        ClassDesc user = ClassDesc.of(arguments[2]);
        byte[] bytes = ClassFile.of().build(ENTRY, type -> {
            type.withVersion(ClassFile.JAVA_21_VERSION, 0).withInterfaceSymbols(HANDLER);
            type.withFlags(ClassFile.ACC_PUBLIC | ClassFile.ACC_FINAL | ClassFile.ACC_SUPER);
            if (!map) {
                type.withField("function", FUNCTION, ClassFile.ACC_PRIVATE | ClassFile.ACC_FINAL);
            }
            type.withMethodBody("<init>", ConstantDescs.MTD_void, ClassFile.ACC_PUBLIC, code -> {
                code.aload(0).invokespecial(ConstantDescs.CD_Object, "<init>", ConstantDescs.MTD_void);
                if (!map) {
                    code.aload(0).new_(user).dup().invokespecial(user, "<init>", ConstantDescs.MTD_void).putfield(ENTRY, "function", FUNCTION);
                }
                code.return_();
            });
            type.withMethodBody("call", OBJECT_TO_OBJECT, ClassFile.ACC_PUBLIC, code -> {
                if (map) {
                    ClassDesc mapType = ConstantDescs.CD_Map;
                    code.aload(1).checkcast(mapType).invokestatic(user, "main", MethodTypeDesc.of(mapType, mapType));
                } else {
                    code.aload(0).getfield(ENTRY, "function", FUNCTION).aload(1).invokeinterface(FUNCTION, "apply", OBJECT_TO_OBJECT);
                }
                code.areturn();
            });
            type.withMethodBody("main", MAIN, ClassFile.ACC_PUBLIC | ClassFile.ACC_STATIC, code -> code
                    .new_(ENTRY).dup().invokespecial(ENTRY, "<init>", ConstantDescs.MTD_void)
                    .loadConstant(arguments[1]).aload(0)
                    .invokestatic(LAUNCHER, "run", MethodTypeDesc.of(ConstantDescs.CD_void, HANDLER, ConstantDescs.CD_String,
                            ConstantDescs.CD_String.arrayType()))
                    .return_());
        });
        Path file = Path.of(arguments[0], "anneal", "Entry.class");
        Files.createDirectories(file.getParent());
        Files.write(file, bytes);
    }
}
