package dev.anneal.standin.builder;

import dev.anneal.standin.json.JsonPrinter;
import java.io.IOException;
import java.lang.management.GarbageCollectorMXBean;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The machine-readable report of a build, in the field names of the published schema. */
final class BuildOutput {
    private BuildOutput() {
    }

    static void write(Options options, String version, ImageContent content, Executable executable, long started) throws IOException {
        Map<String, Object> report = object(
                "general_info", generalInfo(options, version),
                "analysis_results", analysisResults(content),
                "image_details", imageDetails(content, executable),
                "resource_usage", resourceUsage(started));
        Path file = options.buildOutput.toAbsolutePath();
        Files.createDirectories(file.getParent());
        Files.writeString(file, JsonPrinter.indented(report));
    }

    private static Map<String, Object> generalInfo(Options options, String version) {
        List<String> pgo = null;
        if (options.instrument) {
            pgo = List.of("instrument");
        } else if (options.profiled) {
            pgo = List.of("user-provided");
        }
        return object(
                "name", options.artifact().getFileName().toString(),
                "java_version", Runtime.version().toString(),
                "vendor_version", version,
                "graalvm_version", version,
                "graal_compiler", object("optimization_level", options.optimization, "march", options.march, "pgo", pgo),
                "c_compiler", null,
                "garbage_collector", "Serial GC");
    }

    private static Map<String, Object> analysisResults(ImageContent content) {
        return object(
                "types", object("total", content.classCount(), "reachable", content.classCount(),
                        "reflection", content.metadata().typeCount(), "jni", -1),
                "methods", object("total", content.methods().size(), "reachable", content.methods().size(), "reflection", -1, "jni", -1,
                        "foreign_downcalls", -1, "foreign_upcalls", -1),
                "fields", object("total", -1, "reachable", -1, "reflection", -1, "jni", -1));
    }

    private static Map<String, Object> imageDetails(ImageContent content, Executable executable) {
        return object(
                "total_bytes", executable.totalBytes(),
                "code_area", object("bytes", executable.codeBytes(), "compilation_units", content.methods().size()),
                "image_heap", object("bytes", executable.cacheBytes(), "objects", object("count", 0),
                        "resources", object("count", content.files().size() - content.classCount(), "bytes", 0)));
    }

    private static Map<String, Object> resourceUsage(long started) throws IOException {
        double seconds = (System.nanoTime() - started) / 1e9;
        List<GarbageCollectorMXBean> collectors = ManagementFactory.getGarbageCollectorMXBeans();
        long collections = collectors.stream().mapToLong(GarbageCollectorMXBean::getCollectionCount).sum();
        long millis = collectors.stream().mapToLong(GarbageCollectorMXBean::getCollectionTime).sum();
        int cores = Runtime.getRuntime().availableProcessors();
        return object(
                "garbage_collection", object("count", collections, "max_heap", Runtime.getRuntime().maxMemory(), "total_secs", millis / 1e3),
                "memory", object("system_total", procKibibytes("/proc/meminfo", "MemTotal:"),
                        "peak_rss_bytes", procKibibytes("/proc/self/status", "VmHWM:")),
                "cpu", object("load", cpuSeconds() / seconds, "total_cores", cores, "parallelism", cores),
                "total_secs", seconds);
    }

    private static double cpuSeconds() {
        return ProcessHandle.current().info().totalCpuDuration().map(time -> time.toNanos() / 1e9).orElse(0.0);
    }

    /** A figure of the kernel in bytes, or -1. */
    private static long procKibibytes(String file, String name) throws IOException {
        return Files.readAllLines(Path.of(file)).stream()
                .filter(line -> line.startsWith(name))
                .mapToLong(line -> Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024)
                .findFirst().orElse(-1);
    }

    private static Map<String, Object> object(Object... pairs) {
        Map<String, Object> object = new LinkedHashMap<>();
        for (int i = 0; i < pairs.length; i += 2) {
            object.put((String) pairs[i], pairs[i + 1]);
        }
        return object;
    }
}
