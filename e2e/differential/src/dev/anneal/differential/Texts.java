package dev.anneal.differential;

import static dev.anneal.differential.Out.name;
import static dev.anneal.differential.Out.say;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.Charset;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.nio.charset.UnsupportedCharsetException;
import java.text.Normalizer;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Bytes and characters. */
final class Texts {
    private static final String SAMPLE = "a\u00e9\u00df\u20ac\u4e2d\ud83d\ude00";

    private Texts() {
    }

    static void list(Catalog catalog) {
        catalog.add("standardCharsets", () -> {
            for (Charset set : List.of(StandardCharsets.UTF_8, StandardCharsets.UTF_16, StandardCharsets.UTF_16LE,
                    StandardCharsets.ISO_8859_1, StandardCharsets.US_ASCII, StandardCharsets.UTF_32BE)) {
                byte[] bytes = SAMPLE.getBytes(set);
                say(set + " " + HexFormat.of().formatHex(bytes) + " " + new String(bytes, set).equals(SAMPLE));
            }
            say(Charset.defaultCharset());
        }).add("extendedCharsets", () -> {
            for (String label : List.of("windows-1252", "ISO-8859-15", "Shift_JIS", "EUC-JP", "GB18030", "Big5", "IBM437", "KOI8-R", "x-none")) {
                try {
                    Charset set = Charset.forName(name(label));
                    say(set.name() + " " + HexFormat.of().formatHex("\u00e9\u4e2d\u042f".getBytes(set)));
                } catch (UnsupportedCharsetException absent) {
                    say("no " + absent.getCharsetName());
                }
            }
        }).add("malformed", () -> {
            byte[] bad = {'a', (byte) 0xc3, 'b', (byte) 0xff, (byte) 0xe2, (byte) 0x82};
            say(new String(bad, StandardCharsets.UTF_8).codePoints().boxed().toList());
            try {
                StandardCharsets.UTF_8.newDecoder().onMalformedInput(CodingErrorAction.REPORT).decode(ByteBuffer.wrap(bad));
            } catch (CharacterCodingException refused) {
                say(refused.getMessage());
            }
            say(StandardCharsets.US_ASCII.newEncoder().canEncode('\u00e9'));
            say(StandardCharsets.UTF_8.encode(CharBuffer.wrap("\ud800")).remaining());
        }).add("normalizer", () -> {
            String text = "e\u0301\ufb01\u1e9b\u0323";
            for (Normalizer.Form form : Normalizer.Form.values()) {
                say(form + " " + Normalizer.normalize(text, form).codePoints().mapToObj(Integer::toHexString).toList());
            }
        }).add("characters", () -> {
            say(Character.getName(0x1f600) + " " + Character.UnicodeBlock.of('\u4e2d') + " " + Character.UnicodeScript.of('\u042f'));
            say(Character.isLetter(0x10400) + " " + Character.getNumericValue('\u2167') + " " + "\u00df".toUpperCase() + " " + Character.codePointOf("LATIN SMALL LETTER A"));
        }).add("regex", () -> {
            Matcher found = Pattern.compile("(?<year>\\d{4})-(?<month>\\d\\d)|\\b(\\p{Lu}\\p{L}*)\\b", Pattern.UNICODE_CHARACTER_CLASS)
                    .matcher("Ada 1815-12 \u00c9mile x");
            while (found.find()) {
                say(found.group() + " " + found.group("year") + " " + found.group(3));
            }
            say("a1b22".replaceAll("(\\d+)", "<$1>") + " " + Arrays.toString("x,,y,".split(",")) + "\ud83d\ude00".matches("."));
        }).add("formats", () -> {
            say(String.format("%5d|%-5s|%05.1f|%x|%,d|%e|%b|%c|%%|%n", 42, "ab", 3.14159, 255, 1234567, 12345.678, true, 'z').strip());
            say("%s %2$s %1$s %<S".formatted("one", "two"));
            say("line\n  block".indent(2).replace('\n', '|') + " " + "ab".repeat(2) + " " + " x ".strip() + "abc".chars().sum());
        }).add("concatenation", () -> {
            Object none = null;
            char[] chars = {'x', 'y'};
            say("a" + 1 + 2L + 3.0f + 4.0 + 'c' + true + none + String.valueOf(chars) + (byte) -1 + (short) 7);
            StringBuilder built = new StringBuilder("abc").insert(1, 2.5).reverse().append(chars, 0, 1);
            built.setLength(5);
            say(built + " " + built.compareTo(new StringBuilder("cb")) + " " + "text".hashCode() + " " + "interned".intern().equals("interned"));
        });
    }
}
