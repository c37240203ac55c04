package dev.anneal.standin.builder;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * Trains the ahead-of-time cache of an optimized image: one run of its main class that answers health checks only, and in
 * which the classes that the profiles name are loaded. The function itself is never called during a build.
 */
final class StartCache {
    private static final long LONGEST_SECONDS = 30;

    private final byte[] jar;
    private final Set<String> types;

    StartCache(byte[] jar, Set<String> types) {
        this.jar = jar;
        this.types = types;
    }

    /** The cache, or nothing if the program cannot be trained; the image then starts without. */
    byte[] train() {
        try {
            return trainInTemporaryFolder();
        } catch (IOException problem) {
            Log.line("Warning: the start cache could not be trained (" + problem + "); the executable starts without one");
            return new byte[0];
        }
    }

    private byte[] trainInTemporaryFolder() throws IOException {
        Path folder = Files.createTempDirectory("standin-training");
        try {
            Path application = folder.resolve("app.jar");
            Path names = folder.resolve("types");
            Path cache = folder.resolve("app.aot");
            Files.write(application, jar);
            Files.setLastModifiedTime(application, Executable.TIME);
            Files.write(names, types);
            boolean ended = run(application, names, cache, folder.resolve("log"));
            if (ended && Files.exists(cache)) {
                return Files.readAllBytes(cache);
            }
            throw new IOException("the training run left no cache");
        } finally {
            delete(folder);
        }
    }

    private static boolean run(Path application, Path names, Path cache, Path log) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(JavaRuntime.executable());
        command.addAll(JavaRuntime.flags("optimized"));
        command.addAll(List.of("-XX:AOTCacheOutput=" + cache, "-cp", application.toString(), JavaRuntime.TRAINING, names.toString()));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("PORT", String.valueOf(freePort()));
        Process process = builder.start();
        try {
            if (process.waitFor(LONGEST_SECONDS, TimeUnit.SECONDS)) {
                return true;
            }
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        process.descendants().forEach(ProcessHandle::destroyForcibly);
        process.destroyForcibly();
        return false;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static void delete(Path folder) throws IOException {
        try (var paths = Files.walk(folder)) {
            for (Path path : paths.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(path);
            }
        }
    }
}
