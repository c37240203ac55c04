package dev.anneal.differential;

import static dev.anneal.differential.Out.say;
import static dev.anneal.differential.Out.sorted;

import java.io.BufferedReader;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.RandomAccessFile;
import java.net.JarURLConnection;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystem;
import java.nio.file.FileSystems;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchEvent;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import java.util.zip.Deflater;
import java.util.zip.GZIPInputStream;
import java.util.zip.GZIPOutputStream;
import java.util.zip.Inflater;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;

/** Files, archives, other processes. */
final class Filesystem {
    private Filesystem() {
    }

    static void remove(Path folder) throws Exception {
        try (Stream<Path> all = Files.walk(folder)) {
            for (Path one : all.sorted(Comparator.reverseOrder()).toList()) {
                Files.delete(one);
            }
        }
    }

    static void list(Catalog catalog) {
        catalog.add("files", () -> {
            Path folder = Files.createTempDirectory("differential");
            Path file = Files.writeString(folder.resolve("a.txt"), "one\ntwo\n");
            Files.createDirectories(folder.resolve("sub/deep"));
            Files.copy(file, folder.resolve("sub/b.txt"));
            Files.createSymbolicLink(folder.resolve("link"), Path.of("a.txt"));
            Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r-----"));
            say(Files.getPosixFilePermissions(file) + " " + Files.isSymbolicLink(folder.resolve("link")) + " " + Files.size(file));
            try (Stream<Path> all = Files.walk(folder)) {
                say(sorted(all.map(one -> folder.relativize(one).toString())));
            }
            try (Stream<String> lines = Files.lines(folder.resolve("link"))) {
                say(lines.toList());
            }
            try {
                Files.readString(folder.resolve("absent"));
            } catch (NoSuchFileException absent) {
                say(absent.getClass());
            }
            try (RandomAccessFile random = new RandomAccessFile(file.toFile(), "rw")) {
                random.seek(4);
                random.write('T');
            }
            say(Files.readAllLines(file) + " " + Files.probeContentType(file) + " " + FileSystems.getDefault().getPathMatcher("glob:*.txt").matches(file.getFileName()));
            remove(folder);
        }).add("archives", () -> {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
                zip.putNextEntry(new ZipEntry("a/b.txt"));
                zip.write("zipped".getBytes(StandardCharsets.US_ASCII));
            }
            try (ZipInputStream zip = new ZipInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
                say(zip.getNextEntry().getName() + " " + new String(zip.readAllBytes(), StandardCharsets.US_ASCII));
            }
            ByteArrayOutputStream packed = new ByteArrayOutputStream();
            try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
                gzip.write("text ".repeat(1000).getBytes(StandardCharsets.US_ASCII));
            }
            say(packed.size() < 100);
            say(new GZIPInputStream(new ByteArrayInputStream(packed.toByteArray())).readAllBytes().length);
            Deflater deflater = new Deflater(9);
            deflater.setInput(new byte[1000]);
            deflater.finish();
            byte[] out = new byte[100];
            int length = deflater.deflate(out);
            Inflater inflater = new Inflater();
            inflater.setInput(out, 0, length);
            say(length + " " + inflater.inflate(new byte[2000]));
            CRC32 crc = new CRC32();
            crc.update("text".getBytes(StandardCharsets.US_ASCII));
            say(crc.getValue());
        }).add("zipFileSystem", () -> {
            Path archive = Files.createTempDirectory("differential").resolve("a.zip");
            try (FileSystem zip = FileSystems.newFileSystem(archive, Map.of("create", "true"))) {
                Files.writeString(zip.getPath("inside.txt"), "inside");
            }
            try (FileSystem zip = FileSystems.newFileSystem(archive)) {
                say(Files.readString(zip.getPath("/inside.txt")));
            }
            remove(archive.getParent());
        }).add("watchService", () -> {
            Path folder = Files.createTempDirectory("differential");
            try (WatchService watch = FileSystems.getDefault().newWatchService()) {
                folder.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
                Files.writeString(folder.resolve("new.txt"), "new");
                WatchKey key = watch.poll(60, TimeUnit.SECONDS);
                for (WatchEvent<?> event : key.pollEvents()) {
                    say(event.kind() + " " + event.context());
                }
                say(key.reset());
            }
            remove(folder);
        }).add("jarUrls", () -> {
            Path folder = Files.createTempDirectory("differential");
            Path archive = folder.resolve("a.jar");
            try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(archive))) {
                zip.putNextEntry(new ZipEntry("in/side.txt"));
                zip.write("inside a jar".getBytes(StandardCharsets.US_ASCII));
            }
            JarURLConnection connection = (JarURLConnection) URI.create("jar:" + archive.toUri() + "!/in/side.txt").toURL().openConnection();
            connection.setUseCaches(false);
            try (InputStream in = connection.getInputStream()) {
                say(new String(in.readAllBytes(), StandardCharsets.US_ASCII) + " " + connection.getEntryName() + " " + connection.getContentLength());
            }
            remove(folder);
        }).add("processes", () -> {
            Process process = new ProcessBuilder("/bin/sh", "-c", "read line; echo got $line; echo problem >&2; exit 5").start();
            process.outputWriter().append("input\n").flush();
            try (BufferedReader out = process.inputReader(); BufferedReader errors = process.errorReader()) {
                say(out.readLine() + " " + errors.readLine());
            }
            say(process.waitFor() + " " + process.isAlive() + " " + (ProcessHandle.current().pid() > 0));
            try {
                new ProcessBuilder("/no/such/program").start();
            } catch (java.io.IOException absent) {
                say("absent");
            }
        }).add("standardInput", "stdin", () -> {
            BufferedReader in = new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8));
            for (String line = in.readLine(); line != null; line = in.readLine()) {
                say(line.toUpperCase(java.util.Locale.ROOT) + " " + line.length());
            }
        }).add("environment", "DIFFERENTIAL=a b", () -> {
            say(System.getenv("DIFFERENTIAL") + " " + System.getenv("DIFFERENTIAL_ABSENT"));
            for (String key : List.of("java.version", "os.name", "os.arch", "file.separator", "line.separator", "java.specification.version",
                    "user.dir", "file.encoding", "native.encoding", "stdout.encoding", "java.io.tmpdir", "none.such")) {
                say(key + "=" + String.valueOf(System.getProperty(key)).strip());
            }
            say(Runtime.version().feature() + " " + (Runtime.getRuntime().availableProcessors() > 0));
        });
    }
}
