package dev.anneal.standin.tracer;

import dev.anneal.standin.json.JsonPrinter;
import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.metadata.MetadataReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/** The file that the tracer writes: whole at any time, and only when something is new. */
final class MetadataFile {
    private static final String NAME = "reachability-metadata.json";

    private final Path file;
    private final Metadata metadata;
    private String written;

    private MetadataFile(Path file, Metadata metadata) {
        this.file = file;
        this.metadata = metadata;
    }

    static MetadataFile open(AgentOptions options, Metadata metadata) throws IOException {
        Path file = options.folder().toAbsolutePath().resolve(NAME);
        Files.createDirectories(file.getParent());
        if (options.merge() && Files.exists(file)) {
            MetadataReader.read(metadata, NAME, Files.readString(file));
        }
        return new MetadataFile(file, metadata);
    }

    void writePeriodically(AgentOptions options) {
        var timer = Executors.newSingleThreadScheduledExecutor(
                task -> Thread.ofPlatform().daemon().name("standin-tracer").unstarted(task));
        timer.scheduleAtFixedRate(this::writeOrSay, options.initialDelaySeconds(), options.periodSeconds(), TimeUnit.SECONDS);
    }

    synchronized void writeOrSay() {
        try {
            write();
        } catch (IOException unwritable) {
            System.err.println("standin-native-image: the metadata " + file + " cannot be written: " + unwritable);
        }
    }

    private void write() throws IOException {
        String text = JsonPrinter.indented(metadata.toJson());
        if (text.equals(written)) {
            return;
        }
        Path temporary = file.resolveSibling("." + NAME + ".part");
        Files.writeString(temporary, text);
        Files.move(temporary, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        written = text;
    }
}
