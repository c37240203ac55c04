package dev.anneal.standin.builder;

import dev.anneal.standin.json.JsonPrinter;
import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.profile.MethodIdentity;
import dev.anneal.standin.rewrite.ClassRewriter;
import dev.anneal.standin.rewrite.ConstantCalls;
import dev.anneal.standin.rewrite.Hierarchy;
import dev.anneal.standin.rewrite.SiteTable;
import dev.anneal.standin.rewrite.TypeNames;
import dev.anneal.standin.runtime.Image;
import java.io.IOException;
import java.lang.classfile.ClassFile;
import java.lang.constant.ClassDesc;
import java.lang.constant.MethodTypeDesc;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.jar.JarFile;

/** The files inside an executable: the application's, rewritten, and the stand-in's own. */
final class ImageContent {
    private static final List<String> RUNTIME = List.of("dev/anneal/standin/runtime/", "dev/anneal/standin/metadata/",
            "dev/anneal/standin/json/", "org/graalvm/nativeimage/");

    private final Map<String, byte[]> files = new TreeMap<>();
    private final Set<String> methods = new HashSet<>();
    private final SiteTable sites = new SiteTable();
    private final Metadata metadata;
    private final ClassRewriter rewriter;
    private final boolean instrument;
    private int classes;

    private ImageContent(ClassPath classPath, Metadata metadata, boolean instrument) {
        this.metadata = metadata;
        this.rewriter = new ClassRewriter(new Hierarchy(classPath::open));
        this.instrument = instrument;
    }

    static ImageContent assemble(ClassPath classPath, Metadata metadata, boolean instrument) throws IOException {
        ImageContent content = new ImageContent(classPath, metadata, instrument);
        for (Map.Entry<String, byte[]> file : classPath.files().entrySet()) {
            boolean isClass = file.getKey().endsWith(".class");
            content.put(file.getKey(), isClass ? content.applicationClass(file.getKey(), file.getValue()) : file.getValue());
        }
        if (instrument) {
            content.put(Image.SITES, JsonPrinter.compact(content.sites.toJson()).getBytes(StandardCharsets.UTF_8));
        }
        content.addRuntime();
        return content;
    }

    Map<String, byte[]> files() {
        return files;
    }

    /** The identities of the application's methods. */
    Set<String> methods() {
        return methods;
    }

    SiteTable sites() {
        return sites;
    }

    Metadata metadata() {
        return metadata;
    }

    int classCount() {
        return classes;
    }

    void put(String name, byte[] content) {
        files.put(name, content);
    }

    private byte[] applicationClass(String name, byte[] bytes) {
        try {
            classes++;
            addMethods(bytes);
            ConstantCalls.register(metadata, bytes);
            byte[] rewritten = instrument ? rewriter.instrument(bytes, sites) : rewriter.guard(bytes);
            return rewritten == null ? bytes : rewritten;
        } catch (IllegalArgumentException | IllegalStateException malformed) {
            Log.line("Warning: " + name + " is taken as it is: " + malformed.getMessage());
            return bytes;
        }
    }

    private void addMethods(byte[] bytes) {
        var model = ClassFile.of().parse(bytes);
        model.methods().stream().filter(method -> method.code().isPresent()).forEach(method ->
                methods.add(identity(model.thisClass().asSymbol(), method.methodName().stringValue(), method.methodTypeSymbol())));
    }

    private static String identity(ClassDesc owner, String name, MethodTypeDesc type) {
        List<String> signature = new ArrayList<>();
        signature.add(TypeNames.binary(owner));
        signature.add(TypeNames.binary(type.returnType()));
        type.parameterList().forEach(parameter -> signature.add(TypeNames.binary(parameter)));
        return MethodIdentity.of(name, signature);
    }

    private void addRuntime() throws IOException {
        Path own = Path.of(ImageContent.class.getProtectionDomain().getCodeSource().getLocation().getPath());
        try (JarFile jar = new JarFile(own.toFile())) {
            for (var entry : jar.stream().toList()) {
                if (!entry.isDirectory() && RUNTIME.stream().anyMatch(entry.getName()::startsWith)) {
                    put(entry.getName(), jar.getInputStream(entry).readAllBytes());
                }
            }
        }
    }
}
