package dev.anneal.pgo.profile;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProfileReaderTest {
    private static final String TYPES = "\"types\":[{\"id\":0,\"name\":\"int\"},{\"id\":7,\"name\":\"a.B\"},{\"id\":9,\"name\":\"a.\\u0043\"}]";
    private static final String METHODS = "\"methods\":[{\"id\":3,\"name\":\"f\",\"signature\":[7,0]},{\"id\":4,\"name\":\"g\",\"signature\":[7,0,9]}]";
    private static final MethodName F = new MethodName("a.B", "f", "int", List.of());
    private static final MethodName G = new MethodName("a.B", "g", "int", List.of("a.C"));

    @TempDir
    private Path folder;

    private static Profile read(String sections) throws ProfileProblem {
        Profile profile = new Profile();
        ProfileReader.read(("{\"version\":\"1.1.0\"," + sections + "}").getBytes(StandardCharsets.UTF_8), profile);
        return profile;
    }

    private static Context place(Object... frames) {
        Context.Frame[] all = new Context.Frame[frames.length / 2];
        for (int i = 0; i < all.length; i++) {
            all[i] = new Context.Frame((MethodName) frames[2 * i], (int) frames[2 * i + 1]);
        }
        return new Context(List.of(all));
    }

    @Test
    void tablesMayStandBehindWhatRefersToThem() throws ProfileProblem {
        Profile profile = read("\"callCountProfiles\":[{\"ctx\":\"3:0\",\"records\":[5]},{\"records\":[2],\"ctx\":\"3:0<4:8\"}],\"other\":{\"a\":[1.5,null]},"
                + METHODS + "," + TYPES);
        assertEquals(5, profile.entries(F));
        assertEquals(0, profile.entries(G));
        assertEquals(5, profile.allEntries());
        assertTrue(profile.methods().contains(G));
    }

    @Test
    void aPlaceIsKnownByItsCallersThenByFewerThenByItself() throws ProfileProblem {
        Profile profile = read(TYPES + "," + METHODS + ",\"conditionalProfiles\":["
                + "{\"ctx\":\"3:1<4:8\",\"records\":[4,0,10,9,1,20]},{\"ctx\":\"3:1\",\"records\":[4,0,1,9,1,2]},{\"ctx\":\"4:5<3:1\",\"records\":[8,0,3,12,1,0]}]");
        assertEquals(20, profile.outcomes(place(F, 1, G, 8)).to(9));
        assertEquals(2, profile.outcomes(place(F, 1, G, 9)).to(9));
        assertEquals(3, profile.outcomes(place(G, 5, G, 77)).to(8), "whatever the callers");
        assertNull(profile.outcomes(place(F, 2)));
    }

    @Test
    void keysThatShareATargetCountForTheirSuccessor() throws ProfileProblem {
        Profile profile = read(TYPES + "," + METHODS + ",\"conditionalProfiles\":[{\"ctx\":\"3:1\",\"records\":[30,0,7,-5,0,2,44,1,1]}]");
        Outcomes outcomes = profile.outcomes(place(F, 1));
        assertEquals(9, outcomes.to(30));
        assertEquals(1, outcomes.to(44));
        assertEquals(10, outcomes.total());
        assertTrue(!outcomes.knows(-5));
    }

    @Test
    void severalFilesAddUpAlsoCompressedAndNeverBeyondTheLargestNumber() throws IOException, ProfileProblem {
        String text = "{\"version\":\"1.0.0\"," + TYPES + "," + METHODS
                + ",\"callCountProfiles\":[{\"ctx\":\"3:0\",\"records\":[9223372036854775000]}],\"virtualInvokeProfiles\":[{\"ctx\":\"3:1\",\"records\":[7,5,9,1]}]}";
        Path plain = Files.writeString(folder.resolve("plain.iprof"), text);
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (GZIPOutputStream out = new GZIPOutputStream(bytes)) {
            out.write(text.getBytes(StandardCharsets.UTF_8));
        }
        Path compressed = Files.write(folder.resolve("compressed.iprof"), bytes.toByteArray());
        Profile profile = ProfileReader.read(List.of(plain, compressed));
        assertEquals(Long.MAX_VALUE, profile.entries(F));
        assertEquals(Map.of("a.B", 10L, "a.C", 2L), profile.receivers(place(F, 1)));
    }

    @Test
    void aListOfFilesHasCommas() {
        assertEquals(List.of(Path.of("a.iprof"), Path.of("/b/c.iprof")), ProfileReader.paths("a.iprof, /b/c.iprof,"));
        assertEquals(List.of(), ProfileReader.paths(""));
    }

    @Test
    void anEmptyProfileIsOne() throws ProfileProblem {
        assertTrue(read("\"types\":[],\"methods\":[]").isEmpty());
    }

    @Test
    void whatIsNoProfileIsRefusedAndNamed() throws IOException {
        Path file = Files.writeString(folder.resolve("x.iprof"), "{\"version\":\"1.1.0\",\"types\":[]}");
        ProfileProblem problem = assertThrows(ProfileProblem.class, () -> ProfileReader.read(List.of(file)));
        assertTrue(problem.getMessage().contains("x.iprof is not valid: version, types or methods are missing"), problem.getMessage());
        for (String wrong : List.of(
                TYPES + "," + METHODS + ",\"callCountProfiles\":[{\"ctx\":\"5:0\",\"records\":[1]}]",
                TYPES + "," + METHODS + ",\"callCountProfiles\":[{\"ctx\":\"3:0\",\"records\":[1,2]}]",
                TYPES + "," + METHODS + ",\"callCountProfiles\":[{\"ctx\":\"3:0\",\"records\":[-1]}]",
                TYPES + "," + METHODS + ",\"callCountProfiles\":[{\"ctx\":\"3:0\",\"records\":[1.5]}]",
                TYPES + "," + METHODS + ",\"callCountProfiles\":[{\"ctx\":\"\",\"records\":[1]}]",
                TYPES + "," + METHODS + ",\"conditionalProfiles\":[{\"ctx\":\"3:0\",\"records\":[1,0]}]",
                TYPES + "," + METHODS + ",\"virtualInvokeProfiles\":[{\"ctx\":\"3:0\",\"records\":[99,1]}]",
                "\"types\":[],\"methods\":[{\"id\":3,\"name\":\"f\",\"signature\":[7,0]}]",
                "\"types\":[{\"id\":0,\"name\":\"a\"},{\"id\":0,\"name\":\"b\"}],\"methods\":[]",
                "\"types\":[],\"methods\":[],\"x\":" + "[".repeat(100_000))) {
            assertThrows(ProfileProblem.class, () -> read(wrong), wrong.substring(0, Math.min(200, wrong.length())));
        }
        assertThrows(ProfileProblem.class, () -> ProfileReader.read("{\"version\":\"2.0.0\",\"types\":[],\"methods\":[]}".getBytes(StandardCharsets.UTF_8), new Profile()));
    }

    /** Whatever a file has, the reader ends with an answer. */
    @Test
    void filesThatAreCutOrChangedByChanceAreReadOrRefused() {
        byte[] text = ("{\"version\":\"1.1.0\"," + TYPES + "," + METHODS + ",\"conditionalProfiles\":[{\"ctx\":\"3:1<4:8\",\"records\":[4,0,10,9,1,20]}]}")
                .getBytes(StandardCharsets.UTF_8);
        Random chance = new Random(1);
        int refused = 0;
        for (int i = 0; i < 20_000; i++) {
            byte[] changed = Arrays.copyOf(text, i % 2 == 0 ? text.length : chance.nextInt(text.length));
            for (int j = 0; j < 1 + i % 3 && changed.length > 0; j++) {
                changed[chance.nextInt(changed.length)] = (byte) chance.nextInt(256);
            }
            try {
                ProfileReader.read(changed, new Profile());
            } catch (ProfileProblem problem) {
                refused++;
            }
        }
        assertTrue(refused > 10_000, refused + " were refused");
    }
}
