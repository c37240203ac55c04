package dev.anneal.samples.filehash;

import java.io.IOException;
import java.io.InputStream;
import java.net.HttpURLConnection;
import java.net.URI;
import java.util.LinkedHashMap;
import java.util.Map;
import javax.net.ssl.HttpsURLConnection;

/** Downloads a file and hashes it: {@code {"url": "https://…"}} becomes {@code {"sha256": "…", "bytes": n}}. */
public final class FileHash {
    private static final int TIMEOUT_MILLIS = 10_000;
    private static final int CHUNK = 16 * 1024;

    private FileHash() {
    }

    /**
     * The function.
     *
     * @param in holds {@code url}
     * @return the hash and the length
     * @throws IOException if the file cannot be read
     */
    public static Map<String, Object> main(Map<String, Object> in) throws IOException {
        if (!(in.get("url") instanceof String url)) {
            throw new IllegalArgumentException("url must be a string");
        }
        HttpURLConnection connection = (HttpURLConnection) URI.create(url).toURL().openConnection();
        if (connection instanceof HttpsURLConnection secure && Authorities.FACTORY != null) {
            secure.setSSLSocketFactory(Authorities.FACTORY);
        }
        connection.setConnectTimeout(TIMEOUT_MILLIS);
        connection.setReadTimeout(TIMEOUT_MILLIS);
        try (InputStream file = connection.getInputStream()) {
            return hash(file);
        }
    }

    private static Map<String, Object> hash(InputStream file) throws IOException {
        Sha256 sha256 = new Sha256();
        byte[] chunk = new byte[CHUNK];
        long bytes = 0;
        int count;
        while ((count = file.read(chunk)) >= 0) {
            sha256.update(chunk, count);
            bytes += count;
        }
        Map<String, Object> out = new LinkedHashMap<>();
        out.put("sha256", sha256.hex());
        out.put("bytes", bytes);
        return out;
    }
}
