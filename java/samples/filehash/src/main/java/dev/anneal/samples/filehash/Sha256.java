package dev.anneal.samples.filehash;

import java.util.HexFormat;

/** SHA-256 (FIPS 180-4) in plain Java: work for a compiler, where the JDK would use an intrinsic. */
final class Sha256 {
    private static final int BLOCK = 64;
    private static final int LENGTH_AT = 56;

    /** The first 32 bits of the fractional parts of the cube roots of the first 64 primes. */
    private static final int[] ROUND = roundConstants();

    private final int[] state = initialState();
    private final int[] schedule = new int[BLOCK];
    private final byte[] pending = new byte[BLOCK];
    private int pendingCount;
    private long total;

    void update(byte[] bytes, int count) {
        total += count;
        int at = 0;
        while (at < count) {
            if (pendingCount == 0 && count - at >= BLOCK) {
                compress(bytes, at);
                at += BLOCK;
            } else {
                pending[pendingCount++] = bytes[at++];
                compressFullBlock();
            }
        }
    }

    String hex() {
        long bits = total * 8;
        pend((byte) 0x80);
        while (pendingCount != LENGTH_AT) {
            pend((byte) 0);
        }
        for (int shift = 56; shift >= 0; shift -= 8) {
            pend((byte) (bits >>> shift));
        }
        StringBuilder hex = new StringBuilder(BLOCK);
        for (int word : state) {
            hex.append(HexFormat.of().toHexDigits(word));
        }
        return hex.toString();
    }

    private void pend(byte value) {
        pending[pendingCount++] = value;
        compressFullBlock();
    }

    private void compressFullBlock() {
        if (pendingCount == BLOCK) {
            compress(pending, 0);
            pendingCount = 0;
        }
    }

    private void compress(byte[] bytes, int offset) {
        int[] w = schedule;
        for (int i = 0; i < 16; i++) {
            int at = offset + 4 * i;
            w[i] = bytes[at] << 24 | (bytes[at + 1] & 255) << 16 | (bytes[at + 2] & 255) << 8 | bytes[at + 3] & 255;
        }
        for (int i = 16; i < BLOCK; i++) {
            int x = w[i - 15];
            int y = w[i - 2];
            int s0 = Integer.rotateRight(x, 7) ^ Integer.rotateRight(x, 18) ^ x >>> 3;
            int s1 = Integer.rotateRight(y, 17) ^ Integer.rotateRight(y, 19) ^ y >>> 10;
            w[i] = w[i - 16] + s0 + w[i - 7] + s1;
        }
        rounds(w);
    }

    private void rounds(int[] w) {
        int a = state[0];
        int b = state[1];
        int c = state[2];
        int d = state[3];
        int e = state[4];
        int f = state[5];
        int g = state[6];
        int h = state[7];
        for (int i = 0; i < BLOCK; i++) {
            int s1 = Integer.rotateRight(e, 6) ^ Integer.rotateRight(e, 11) ^ Integer.rotateRight(e, 25);
            int t1 = h + s1 + (e & f ^ ~e & g) + ROUND[i] + w[i];
            int s0 = Integer.rotateRight(a, 2) ^ Integer.rotateRight(a, 13) ^ Integer.rotateRight(a, 22);
            int t2 = s0 + (a & b ^ a & c ^ b & c);
            h = g;
            g = f;
            f = e;
            e = d + t1;
            d = c;
            c = b;
            b = a;
            a = t1 + t2;
        }
        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    private static int[] initialState() {
        int[] state = new int[8];
        int prime = 1;
        for (int i = 0; i < state.length; i++) {
            prime = nextPrime(prime);
            state[i] = fraction(Math.sqrt(prime));
        }
        return state;
    }

    private static int[] roundConstants() {
        int[] constants = new int[BLOCK];
        int prime = 1;
        for (int i = 0; i < constants.length; i++) {
            prime = nextPrime(prime);
            constants[i] = fraction(Math.cbrt(prime));
        }
        return constants;
    }

    /** The first 32 bits after the binary point; a double keeps enough of them for roots below 16. */
    private static int fraction(double root) {
        return (int) (long) ((root - Math.floor(root)) * 0x1p32);
    }

    private static int nextPrime(int after) {
        int candidate = after + 1;
        while (!isPrime(candidate)) {
            candidate++;
        }
        return candidate;
    }

    private static boolean isPrime(int number) {
        for (int divisor = 2; divisor * divisor <= number; divisor++) {
            if (number % divisor == 0) {
                return false;
            }
        }
        return true;
    }
}
