package dev.anneal.tracer;

import java.io.File;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * A JVM that ran a program of the tests.
 *
 * @param status its exit status
 * @param output what it printed
 * @param errors what it printed as errors, without the JVM's own remarks about agents
 */
record Run(int status, String output, String errors) {
    /** Runs a program to its end, with the tracer if there are options for it. */
    static Run of(Path folder, String tracer, String program, String... arguments) throws IOException, InterruptedException {
        Path output = Files.createTempFile(folder, "out", ".txt");
        Path errors = Files.createTempFile(folder, "err", ".txt");
        Process process = start(tracer, program, arguments).redirectOutput(output.toFile()).redirectError(errors.toFile()).start();
        if (!process.waitFor(60, TimeUnit.SECONDS)) {
            process.destroyForcibly();
            throw new IOException(program + " does not end");
        }
        String said = String.join("\n", Files.readAllLines(errors).stream().filter(line -> !line.contains("VM warning: Sharing")).toList());
        return new Run(process.exitValue(), Files.readString(output), said);
    }

    /** A JVM that is yet to be started. */
    static ProcessBuilder start(String tracer, String program, String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("--enable-native-access=ALL-UNNAMED");
        if (tracer != null) {
            command.add("-javaagent:" + System.getProperty("tracer.jar") + "=" + tracer);
        }
        command.add("-cp");
        command.add(new File(Run.class.getProtectionDomain().getCodeSource().getLocation().getPath()).getPath());
        command.add(program);
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command);
    }

    static String metadata(Path folder) throws IOException {
        return Files.readString(folder.resolve("reachability-metadata.json"), StandardCharsets.UTF_8);
    }
}
