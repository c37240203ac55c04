package dev.anneal.standin.builder;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;
import java.util.regex.Pattern;

/**
 * The files of all class path entries as one image holds them: the first of a name wins, provider lists are joined,
 * signatures are left out, and a multi-release jar has its version for this JVM only.
 */
final class ClassPath {
    private static final String MANIFEST = "META-INF/MANIFEST.MF";
    private static final Pattern SIGNATURE = Pattern.compile("META-INF/[^/]+\\.(SF|RSA|DSA|EC)");

    private final Map<String, byte[]> files = new LinkedHashMap<>();

    static ClassPath read(List<String> entries) throws BuildProblem {
        ClassPath classPath = new ClassPath();
        for (String entry : entries) {
            Path path = Path.of(entry);
            try {
                if (Files.isDirectory(path)) {
                    classPath.addFolder(path);
                } else if (Files.exists(path)) {
                    classPath.addJar(path);
                } else {
                    Log.line("Warning: The class path entry " + entry + " does not exist");
                }
            } catch (IOException unreadable) {
                throw new BuildProblem("Error: The class path entry " + entry + " cannot be read: " + unreadable.getMessage(), unreadable);
            }
        }
        return classPath;
    }

    /** The main class that a jar's manifest names. */
    static String mainClass(Path jar) throws BuildProblem {
        try (JarFile file = new JarFile(jar.toFile())) {
            Manifest manifest = file.getManifest();
            String main = manifest == null ? null : manifest.getMainAttributes().getValue(Attributes.Name.MAIN_CLASS);
            if (main == null) {
                throw new BuildProblem("Error: No main manifest attribute, in " + jar);
            }
            return main;
        } catch (IOException unreadable) {
            throw new BuildProblem("Error: The jar " + jar + " cannot be read: " + unreadable.getMessage(), unreadable);
        }
    }

    Map<String, byte[]> files() {
        return files;
    }

    InputStream open(String name) {
        byte[] content = files.get(name);
        return content == null ? null : new ByteArrayInputStream(content);
    }

    private void addJar(Path path) throws IOException {
        try (JarFile jar = new JarFile(path.toFile(), false, JarFile.OPEN_READ, Runtime.version())) {
            var entries = jar.versionedStream().filter(entry -> !entry.isDirectory()).iterator();
            while (entries.hasNext()) {
                var entry = entries.next();
                try (InputStream content = jar.getInputStream(entry)) {
                    add(entry.getName(), content.readAllBytes());
                }
            }
        }
    }

    private void addFolder(Path folder) throws IOException {
        try (var paths = Files.walk(folder)) {
            for (Path path : paths.filter(Files::isRegularFile).sorted().toList()) {
                add(folder.relativize(path).toString(), Files.readAllBytes(path));
            }
        }
    }

    private void add(String name, byte[] content) {
        boolean moduleInfo = name.equals("module-info.class");
        if (name.equals(MANIFEST) || moduleInfo || SIGNATURE.matcher(name).matches()) {
            return;
        }
        byte[] present = files.putIfAbsent(name, content);
        if (present != null && name.startsWith("META-INF/services/")) {
            files.put(name, joined(present, content));
        }
    }

    private static byte[] joined(byte[] first, byte[] second) {
        ByteArrayOutputStream both = new ByteArrayOutputStream();
        both.writeBytes(first);
        both.write('\n');
        both.writeBytes(second);
        return both.toByteArray();
    }
}
