package dev.anneal.driver;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.jar.Attributes;
import java.util.jar.JarFile;
import java.util.jar.Manifest;

/** The entries of a class path, absolute and in order. */
record ClassPath(List<Path> entries) {
    /** A jar comes with what its manifest names, everything else with its wildcards resolved. */
    static ClassPath of(Path jar, String path) throws Problem {
        Set<Path> entries = new LinkedHashSet<>();
        if (jar != null) {
            addJar(jar.toAbsolutePath().normalize(), entries);
        }
        if (path != null || jar == null) {
            for (String entry : CommandLine.entries(path == null ? "." : path)) {
                if (entry.equals("*") || entry.endsWith("/*")) {
                    expand(Path.of(entry.substring(0, entry.length() - 1)), entries);
                } else {
                    entries.add(Path.of(entry).toAbsolutePath().normalize());
                }
            }
        }
        return new ClassPath(new ArrayList<>(entries));
    }

    String joined() {
        return String.join(File.pathSeparator, entries.stream().map(Path::toString).toList());
    }

    static String mainClass(Path jar) throws Problem {
        String main = attribute(jar, Attributes.Name.MAIN_CLASS);
        if (main == null) {
            throw new Problem("No main manifest attribute, in " + jar);
        }
        return main;
    }

    private static void addJar(Path jar, Set<Path> entries) throws Problem {
        if (!entries.add(jar)) {
            return;
        }
        String named = attribute(jar, Attributes.Name.CLASS_PATH);
        if (named != null) {
            for (String entry : named.strip().split("\\s+")) {
                Path beside = jar.resolveSibling(entry).normalize();
                if (Files.exists(beside)) {
                    entries.add(beside);
                }
            }
        }
    }

    private static String attribute(Path jar, Attributes.Name name) throws Problem {
        try (JarFile file = new JarFile(jar.toFile())) {
            Manifest manifest = file.getManifest();
            return manifest == null ? null : manifest.getMainAttributes().getValue(name);
        } catch (IOException unreadable) {
            throw new Problem("The jar '" + jar + "' cannot be read: " + unreadable.getMessage());
        }
    }

    private static void expand(Path folder, Set<Path> entries) throws Problem {
        try (var files = Files.list(folder.toAbsolutePath().normalize())) {
            files.filter(file -> file.toString().endsWith(".jar")).sorted().forEach(entries::add);
        } catch (IOException unreadable) {
            throw new Problem("The class path folder '" + folder + "' cannot be read.");
        }
    }
}
