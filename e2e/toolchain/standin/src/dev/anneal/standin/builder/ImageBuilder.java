package dev.anneal.standin.builder;

import dev.anneal.standin.json.JsonPrinter;
import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.rewrite.SiteTable;
import dev.anneal.standin.runtime.Image;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/** One build from options to executable. */
final class ImageBuilder {
    private final Options options;
    private final String version;
    private final long started = System.nanoTime();

    ImageBuilder(Options options, String version) {
        this.options = options;
        this.version = version;
    }

    void build() throws BuildProblem, IOException {
        if (options.jar != null) {
            options.classPath.addFirst(options.jar.toString());
            options.mainClass = ClassPath.mainClass(options.jar);
        }
        if (options.classPath.isEmpty()) {
            options.classPath.add(".");
        }
        ClassPath classPath = ClassPath.read(options.classPath);
        Configuration.applyProperties(options, classPath);
        requireMainClass(classPath);
        Set<Fault> faults = Fault.wanted(classPath);
        Fault.play(faults, options);
        AppliedProfiles profiles = AppliedProfiles.read(options.profiles);
        Metadata metadata = Configuration.metadata(options, classPath);
        ImageContent content = ImageContent.assemble(classPath, metadata, options.instrument);
        if (options.profiled) {
            Log.exactLine(profiles.applicabilityLine(content.methods()));
        }
        content.put(Image.METADATA, JsonPrinter.compact(metadata.toJson()).getBytes(StandardCharsets.UTF_8));
        content.put(Image.PROPERTIES, properties(content.sites(), faults));
        Path artifact = options.artifact();
        Executable executable = new Executable(options, content, profiles, faults.contains(Fault.CRASH_OPTIMIZED));
        if (faults.contains(Fault.NO_ARTIFACT)) {
            Log.line("leaves no executable, as asked for");
            return;
        }
        executable.write(artifact);
        if (options.buildOutput != null) {
            BuildOutput.write(options, version, content, executable, started);
        }
        Log.line(String.format("Finished generating '%s' in %.1fs.", artifact.getFileName(), (System.nanoTime() - started) / 1e9));
    }

    private void requireMainClass(ClassPath classPath) throws BuildProblem {
        if (options.mainClass == null) {
            throw new BuildProblem("Error: Please specify class (or <module>/<mainclass>) containing the main entry point method. "
                    + "(see --help)");
        }
        if (!classPath.files().containsKey(options.mainClass.replace('.', '/') + ".class")) {
            throw new BuildProblem("Error: Main entry point class '" + options.mainClass + "' neither found on the classpath nor on the "
                    + "modulepath.\nclasspath: '" + String.join(":", options.classPath) + "'");
        }
    }

    /** Written by hand, because {@link java.util.Properties} writes the time. */
    private byte[] properties(SiteTable sites, Set<Fault> faults) {
        Map<String, String> values = new TreeMap<>();
        values.put("main", options.mainClass);
        values.put("mode", options.mode());
        values.put("exact", String.valueOf(options.exact));
        values.put("faults", faults.stream().map(Fault::word).collect(Collectors.joining(",")));
        values.put("counters", String.valueOf(sites.counterCount()));
        values.put("receivers", String.valueOf(sites.receiverCount()));
        StringBuilder text = new StringBuilder();
        values.forEach((key, value) -> text.append(key).append('=').append(value).append('\n'));
        return text.toString().getBytes(StandardCharsets.ISO_8859_1);
    }
}
