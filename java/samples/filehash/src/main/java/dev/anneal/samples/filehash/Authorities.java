package dev.anneal.samples.filehash;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocketFactory;
import javax.net.ssl.TrustManagerFactory;

/** Whom to believe: the certificates in {@code $AUTHORITIES} (PEM), or those that the JDK believes if there are none. */
final class Authorities {
    /** Makes sockets that believe them; null leaves it to the JDK. */
    static final SSLSocketFactory FACTORY = factory(System.getenv("AUTHORITIES"));

    private Authorities() {
    }

    private static SSLSocketFactory factory(String pem) {
        if (pem == null || pem.isBlank()) {
            return null;
        }
        try (InputStream text = new ByteArrayInputStream(pem.getBytes(StandardCharsets.US_ASCII))) {
            KeyStore believed = KeyStore.getInstance(KeyStore.getDefaultType());
            believed.load(null, null);
            for (Certificate one : CertificateFactory.getInstance("X.509").generateCertificates(text)) {
                believed.setCertificateEntry("authority-" + believed.size(), one);
            }
            TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            managers.init(believed);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(null, managers.getTrustManagers(), null);
            return context.getSocketFactory();
        } catch (IOException | GeneralSecurityException unusable) {
            throw new IllegalStateException("AUTHORITIES holds no certificates", unusable);
        }
    }
}
