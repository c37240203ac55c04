package dev.anneal.standin.builder;

import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.metadata.MetadataReader;
import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Properties;
import java.util.TreeMap;

/** Collects what the jars and the command line say about the image: properties and reachability metadata. */
final class Configuration {
    private static final String ROOT = "META-INF/native-image/";
    private static final String PROPERTIES = "native-image.properties";

    private Configuration() {
    }

    /** Applies the {@code Args} of every properties file in the class path. */
    static void applyProperties(Options options, ClassPath classPath) throws BuildProblem {
        for (String name : new TreeMap<>(classPath.files()).keySet()) {
            if (name.startsWith(ROOT) && name.endsWith("/" + PROPERTIES)) {
                String folder = name.substring(0, name.length() - PROPERTIES.length() - 1);
                String arguments = arguments(name, classPath.files().get(name)).replace("${.}", folder);
                OptionParser.parseInto(options, ArgumentFile.split(arguments));
            }
        }
    }

    /** Reads all metadata: from the class path, from the resources that properties name, from the folders given. */
    static Metadata metadata(Options options, ClassPath classPath) throws BuildProblem {
        Metadata metadata = new Metadata();
        for (String name : classPath.files().keySet()) {
            boolean named = options.configurationResources.stream()
                    .anyMatch(root -> name.equals(root) || name.startsWith(root + "/"));
            if ((named || name.startsWith(ROOT)) && MetadataReader.reads(fileName(name))) {
                read(metadata, name, new String(classPath.files().get(name), StandardCharsets.UTF_8));
            }
        }
        for (Path folder : options.configurationFolders) {
            readFolder(metadata, folder);
        }
        return metadata;
    }

    private static void readFolder(Metadata metadata, Path folder) throws BuildProblem {
        try (var files = Files.list(folder)) {
            for (Path file : files.sorted().toList()) {
                if (MetadataReader.reads(file.getFileName().toString())) {
                    read(metadata, file.toString(), Files.readString(file));
                }
            }
        } catch (IOException unreadable) {
            throw new BuildProblem("Error: The configuration folder " + folder + " cannot be read", unreadable);
        }
    }

    private static void read(Metadata metadata, String name, String text) throws BuildProblem {
        try {
            MetadataReader.read(metadata, name, text);
        } catch (IOException malformed) {
            throw new BuildProblem("Error: Error parsing reachability metadata in " + name + ": " + malformed.getMessage(), malformed);
        }
    }

    private static String arguments(String name, byte[] content) throws BuildProblem {
        Properties properties = new Properties();
        try {
            properties.load(new StringReader(new String(content, StandardCharsets.ISO_8859_1)));
        } catch (IOException | IllegalArgumentException malformed) {
            throw new BuildProblem("Error: The properties in " + name + " are malformed", malformed);
        }
        if (properties.containsKey("ForceOnModulePath")) {
            throw new BuildProblem("Error: " + name + " asks for the module path, which is not supported");
        }
        return properties.getProperty("Args", "");
    }

    private static String fileName(String path) {
        return path.substring(path.lastIndexOf('/') + 1);
    }
}
