package dev.anneal.standin.builder;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;

/** Writes one file: a shell header, the start cache of an optimized image, and a jar that the JVM opens in place. */
final class Executable {
    /** The time of every entry, and of the jar while a cache is used: a cache belongs to one exact file. */
    static final FileTime TIME = FileTime.fromMillis(1_735_689_600_000L);

    private final Options options;
    private final ImageContent content;
    private final AppliedProfiles profiles;
    private final boolean crash;
    private long totalBytes;
    private long codeBytes;
    private long cacheBytes;

    Executable(Options options, ImageContent content, AppliedProfiles profiles, boolean crash) {
        this.options = options;
        this.content = content;
        this.profiles = profiles;
        this.crash = crash;
    }

    long totalBytes() {
        return totalBytes;
    }

    long codeBytes() {
        return codeBytes;
    }

    long cacheBytes() {
        return cacheBytes;
    }

    void write(Path artifact) throws IOException {
        byte[] jar = jar();
        byte[] cache = options.profiled && !crash ? new StartCache(jar, profiles.types()).train() : new byte[0];
        Header header = new Header(options.mode(), digest(jar, cache), cache.length, crash && options.profiled);
        Path folder = artifact.toAbsolutePath().getParent();
        Path temporary = Files.createTempFile(folder, ".standin", null);
        try (OutputStream out = Files.newOutputStream(temporary)) {
            out.write(header.bytes());
            out.write(cache);
            out.write(jar);
        }
        Files.setPosixFilePermissions(temporary, PosixFilePermissions.fromString("rwxr-xr-x"));
        totalBytes = Files.size(temporary);
        codeBytes = jar.length;
        cacheBytes = cache.length;
        Files.move(temporary, artifact, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
    }

    /** Uncompressed, because a start should not wait for decompression. */
    private byte[] jar() throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipOutputStream zip = new ZipOutputStream(bytes)) {
            zip.setMethod(ZipOutputStream.STORED);
            for (Map.Entry<String, byte[]> file : content.files().entrySet()) {
                zip.putNextEntry(entry(file.getKey(), file.getValue()));
                zip.write(file.getValue());
            }
        }
        return bytes.toByteArray();
    }

    private static ZipEntry entry(String name, byte[] content) {
        CRC32 checksum = new CRC32();
        checksum.update(content);
        ZipEntry entry = new ZipEntry(name);
        entry.setLastModifiedTime(TIME);
        entry.setSize(content.length);
        entry.setCrc(checksum.getValue());
        return entry;
    }

    private static String digest(byte[]... parts) {
        try {
            MessageDigest digest = MessageDigest.getInstance("SHA-256");
            for (byte[] part : parts) {
                digest.update(part);
            }
            return HexFormat.of().formatHex(digest.digest(), 0, 16);
        } catch (NoSuchAlgorithmException impossible) {
            throw new IllegalStateException("every JVM has SHA-256", impossible);
        }
    }
}
