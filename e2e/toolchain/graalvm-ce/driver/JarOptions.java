package dev.anneal.driver;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.zip.ZipFile;

/** What the entries of a class path bring along below {@code META-INF/native-image}. */
record JarOptions(List<String> arguments, List<String> metadata) {
    private static final String FOLDER = "META-INF/native-image/";

    private static final Map<String, String> METADATA = Map.of(
            "reachability-metadata.json", "-H:ReachabilityMetadataResources=",
            "reflect-config.json", "-H:ReflectionConfigurationResources=",
            "resource-config.json", "-H:ResourceConfigurationResources=",
            "jni-config.json", "-H:JNIConfigurationResources=",
            "proxy-config.json", "-H:DynamicProxyConfigurationResources=",
            "serialization-config.json", "-H:SerializationConfigurationResources=");

    static JarOptions of(ClassPath path) throws Problem {
        JarOptions options = new JarOptions(new ArrayList<>(), new ArrayList<>());
        for (Path entry : path.entries()) {
            try {
                if (Files.isDirectory(entry)) {
                    options.addFolder(entry);
                } else if (Files.exists(entry)) {
                    options.addJar(entry);
                }
            } catch (IOException unreadable) {
                throw new Problem("The class path entry '" + entry + "' cannot be read: " + unreadable.getMessage());
            }
        }
        return options;
    }

    private void addJar(Path jar) throws IOException {
        try (ZipFile file = new ZipFile(jar.toFile())) {
            for (var entry : Collections.list(file.entries())) {
                if (entry.getName().startsWith(FOLDER) && !entry.isDirectory()) {
                    try (InputStream content = file.getInputStream(entry)) {
                        add(entry.getName(), content);
                    }
                }
            }
        }
    }

    private void addFolder(Path root) throws IOException {
        Path folder = root.resolve(FOLDER);
        if (!Files.isDirectory(folder)) {
            return;
        }
        List<Path> files;
        try (var found = Files.walk(folder)) {
            files = found.filter(Files::isRegularFile).sorted().toList();
        }
        for (Path file : files) {
            try (InputStream content = Files.newInputStream(file)) {
                add(root.relativize(file).toString(), content);
            }
        }
    }

    private void add(String name, InputStream content) throws IOException {
        int slash = name.lastIndexOf('/');
        String folder = name.substring(0, slash);
        String file = name.substring(slash + 1);
        if (file.equals("native-image.properties")) {
            Properties properties = new Properties();
            properties.load(content);
            String[] words = properties.getProperty("Args", "").strip().split("\\s+");
            Arrays.stream(words).filter(word -> !word.isEmpty()).map(word -> word.replace("${.}", folder)).forEach(arguments::add);
        } else if (METADATA.containsKey(file)) {
            metadata.add(METADATA.get(file) + name);
        }
    }
}
