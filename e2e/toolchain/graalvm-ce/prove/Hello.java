import java.nio.file.Files;
import java.nio.file.Path;
import java.time.ZoneId;
import java.util.Locale;
import java.util.zip.CRC32;

/** Says hello, and what it found out through the C libraries on the way. */
final class Hello {
    public static void main(String[] arguments) throws Exception {
        Path file = Files.createTempFile("hello", ".txt");
        Files.writeString(file, "Hello, " + String.join(" ", arguments));
        CRC32 checksum = new CRC32();
        checksum.update(Files.readAllBytes(file));
        System.out.println(Files.readString(file) + ": " + Long.toHexString(checksum.getValue()) + ", "
                + Runtime.getRuntime().availableProcessors() + " processors, " + (Runtime.getRuntime().maxMemory() >> 20) + " MiB, "
                + ZoneId.systemDefault() + ", " + Locale.getDefault());
        Files.delete(file);
    }
}
