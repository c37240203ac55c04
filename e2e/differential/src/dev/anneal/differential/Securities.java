package dev.anneal.differential;

import static dev.anneal.differential.Out.say;
import static dev.anneal.differential.Out.sorted;

import java.io.ByteArrayInputStream;
import java.math.BigInteger;
import java.nio.charset.StandardCharsets;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.KeyStore;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.Provider;
import java.security.SecureRandom;
import java.security.Security;
import java.security.Signature;
import java.security.cert.CertPathValidator;
import java.security.cert.CertificateFactory;
import java.security.cert.PKIXParameters;
import java.security.cert.TrustAnchor;
import java.security.cert.X509Certificate;
import java.security.spec.RSAPublicKeySpec;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import javax.crypto.AEADBadTagException;
import javax.crypto.Cipher;
import javax.crypto.KeyAgreement;
import javax.crypto.Mac;
import javax.crypto.SecretKeyFactory;
import javax.crypto.spec.GCMParameterSpec;
import javax.crypto.spec.PBEKeySpec;
import javax.crypto.spec.SecretKeySpec;
import javax.net.ssl.SSLContext;

/** Security providers and what they provide. */
final class Securities {
    private static final byte[] TEXT = "the quick brown fox".getBytes(StandardCharsets.US_ASCII);

    private static final String CERTIFICATE = """
            -----BEGIN CERTIFICATE-----
            MIIByDCCAW6gAwIBAgIUdTZD3mfmilXlSYIDXbEWN1J86V8wCgYIKoZIzj0EAwIw
            KDEVMBMGA1UEAwwMZGlmZmVyZW50aWFsMQ8wDQYDVQQKDAZBbm5lYWwwIBcNMjYx
            MTI2MTY0MzUzWhgPMjEyNjExMDIxNjQzNTNaMCgxFTATBgNVBAMMDGRpZmZlcmVu
            dGlhbDEPMA0GA1UECgwGQW5uZWFsMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE
            hTH2jnuCSaV2zbUMtFiDDlL2YaaVokDoHELWCF78FrB6EoLttwZtRmsFeJzqega+
            zAae//Z5zLpHr7qnpypNEKN0MHIwHQYDVR0OBBYEFF3an1S1f18PrdQxCFobPCXU
            N84dMB8GA1UdIwQYMBaAFF3an1S1f18PrdQxCFobPCXUN84dMA8GA1UdEwEB/wQF
            MAMBAf8wHwYDVR0RBBgwFoIJYS5leGFtcGxlggliLmV4YW1wbGUwCgYIKoZIzj0E
            AwIDSAAwRQIgUPkNV5jHEawVrmeBmAS42Y4R1egzDdoJ4ALsZAa+U2ACIQCrBOJT
            m2Q0foFR4nS3xKRHJElzNobb4/RlwxRKNcXGQQ==
            -----END CERTIFICATE-----
            """;

    private Securities() {
    }

    static void list(Catalog catalog) {
        catalog.add("digests", () -> {
            for (String name : List.of("MD5", "SHA-1", "SHA-256", "SHA-512", "SHA3-256", "NONE-1")) {
                try {
                    say(name + " " + HexFormat.of().formatHex(MessageDigest.getInstance(name).digest(TEXT)));
                } catch (NoSuchAlgorithmException absent) {
                    say(absent.getMessage());
                }
            }
        }).add("macs", () -> {
            for (String name : List.of("HmacSHA256", "HmacSHA3-512", "HmacMD5")) {
                Mac mac = Mac.getInstance(name);
                mac.init(new SecretKeySpec(new byte[32], name));
                say(name + " " + HexFormat.of().formatHex(mac.doFinal(TEXT)));
            }
            SecretKeyFactory factory = SecretKeyFactory.getInstance("PBKDF2WithHmacSHA256");
            say(HexFormat.of().formatHex(factory.generateSecret(new PBEKeySpec("pw".toCharArray(), TEXT, 1000, 128)).getEncoded()));
        }).add("ciphers", () -> {
            SecretKeySpec key = new SecretKeySpec(new byte[16], "AES");
            Cipher cipher = Cipher.getInstance("AES/GCM/NoPadding");
            cipher.init(Cipher.ENCRYPT_MODE, key, new GCMParameterSpec(128, new byte[12]));
            byte[] sealed = cipher.doFinal(TEXT);
            say(HexFormat.of().formatHex(sealed));
            sealed[0] ^= 1;
            cipher.init(Cipher.DECRYPT_MODE, key, new GCMParameterSpec(128, new byte[12]));
            try {
                cipher.doFinal(sealed);
            } catch (AEADBadTagException refused) {
                say(refused.getMessage());
            }
            Cipher chacha = Cipher.getInstance("ChaCha20-Poly1305");
            chacha.init(Cipher.ENCRYPT_MODE, new SecretKeySpec(new byte[32], "ChaCha20"), new javax.crypto.spec.IvParameterSpec(new byte[12]));
            say(HexFormat.of().formatHex(chacha.doFinal(TEXT)));
        }).add("signatures", () -> {
            for (String[] one : new String[][] {{"RSA", "SHA256withRSA"}, {"EC", "SHA256withECDSA"}, {"Ed25519", "Ed25519"}}) {
                KeyPair pair = KeyPairGenerator.getInstance(one[0]).generateKeyPair();
                Signature signature = Signature.getInstance(one[1]);
                signature.initSign(pair.getPrivate());
                signature.update(TEXT);
                byte[] signed = signature.sign();
                signature.initVerify(KeyFactory.getInstance(one[0]).generatePublic(new X509EncodedKeySpec(pair.getPublic().getEncoded())));
                signature.update(TEXT);
                say(one[1] + " " + signature.verify(signed) + " " + pair.getPublic().getFormat());
            }
            say(KeyFactory.getInstance("RSA").generatePublic(new RSAPublicKeySpec(BigInteger.ONE.shiftLeft(1023).add(BigInteger.ONE), BigInteger.valueOf(65537)))
                    .getAlgorithm());
        }).add("agreement", () -> {
            KeyPairGenerator generator = KeyPairGenerator.getInstance("X25519");
            KeyPair one = generator.generateKeyPair();
            KeyPair other = generator.generateKeyPair();
            KeyAgreement first = KeyAgreement.getInstance("X25519");
            first.init(one.getPrivate());
            first.doPhase(other.getPublic(), true);
            KeyAgreement second = KeyAgreement.getInstance("X25519");
            second.init(other.getPrivate());
            second.doPhase(one.getPublic(), true);
            say(Arrays.equals(first.generateSecret(), second.generateSecret()));
        }).add("keyStores", () -> {
            KeyStore store = KeyStore.getInstance("PKCS12");
            store.load(null, null);
            store.setEntry("key", new KeyStore.SecretKeyEntry(new SecretKeySpec(TEXT, "AES")), new KeyStore.PasswordProtection("pw".toCharArray()));
            var bytes = new java.io.ByteArrayOutputStream();
            store.store(bytes, "pw".toCharArray());
            KeyStore copy = KeyStore.getInstance("PKCS12");
            copy.load(new ByteArrayInputStream(bytes.toByteArray()), "pw".toCharArray());
            say(copy.size() + " " + new String(copy.getKey("key", "pw".toCharArray()).getEncoded(), StandardCharsets.US_ASCII));
            say(KeyStore.getDefaultType());
        }).add("randomness", () -> {
            SecureRandom random = new SecureRandom();
            say(random.getAlgorithm() + " " + (random.nextInt(10) < 10) + " " + SecureRandom.getInstance("SHA1PRNG").getAlgorithm());
            SecureRandom seeded = SecureRandom.getInstance("SHA1PRNG");
            seeded.setSeed(7);
            say(seeded.nextLong());
        }).add("providers", () -> {
            say(sorted(Arrays.stream(Security.getProviders()).map(Provider::getName)));
            say(sorted(Security.getAlgorithms("MessageDigest").stream()));
        }).add("certificates", () -> {
            CertificateFactory factory = CertificateFactory.getInstance("X.509");
            X509Certificate certificate = (X509Certificate) factory.generateCertificate(
                    new ByteArrayInputStream(CERTIFICATE.getBytes(StandardCharsets.US_ASCII)));
            say(certificate.getSubjectX500Principal() + " " + certificate.getNotAfter().toInstant() + " " + certificate.getBasicConstraints());
            say(certificate.getSubjectAlternativeNames() + " " + certificate.getSigAlgName() + " " + certificate.getPublicKey().getAlgorithm());
            certificate.verify(certificate.getPublicKey());
            CertPathValidator validator = CertPathValidator.getInstance("PKIX");
            PKIXParameters parameters = new PKIXParameters(java.util.Set.of(new TrustAnchor(certificate, null)));
            parameters.setRevocationEnabled(false);
            parameters.setDate(java.util.Date.from(java.time.Instant.parse("2030-01-01T00:00:00Z")));
            say(validator.validate(factory.generateCertPath(List.of(certificate)), parameters).getClass().getSimpleName());
        }).add("tlsContext", () -> {
            SSLContext context = SSLContext.getDefault();
            say(context.getProtocol() + " " + Arrays.toString(context.getSupportedSSLParameters().getProtocols()));
            say(context.getSocketFactory().getDefaultCipherSuites().length > 10);
            say(Base64.getMimeEncoder().encodeToString(TEXT));
        });
    }
}
