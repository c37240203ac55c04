package dev.anneal.pgo.instrument;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import dev.anneal.pgo.profile.Context;
import dev.anneal.pgo.profile.MethodName;
import dev.anneal.pgo.profile.Section;
import dev.anneal.pgo.runtime.Cells;
import dev.anneal.pgo.runtime.ProfileWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

/** From the table of a build to the profile of a run. */
class TableEncoderTest {
    private static final MethodName F = new MethodName("a.B", "f\"", "void", List.of("int"));
    private static final MethodName G = new MethodName("a.A", "g", "void", List.of());

    /** Two blocks of cells. */
    private record Memory(long[][] all) implements Cells {
        @Override
        public long sum(int cell) {
            return Cells.saturatingSum(all[0][cell], all[1][cell]);
        }

        @Override
        public int blocks() {
            return 2;
        }

        @Override
        public long cell(int block, int cell) {
            return all[block][cell];
        }
    }

    private static Context place(MethodName method, int bci) {
        return new Context(List.of(new Context.Frame(method, bci), new Context.Frame(G, 3)));
    }

    private static String profile(SiteTable sites, long[]... blocks) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        new ProfileWriter(out, new Memory(blocks)).write(TableEncoder.encode(sites));
        return out.toString(StandardCharsets.UTF_8);
    }

    @Test
    void aProfileHasWhatWasCountedInAFixedOrderWithDenseNumbers() throws IOException {
        SiteTable sites = new SiteTable();
        sites.name(41, "a.A");
        sites.name(42, "a.Other");
        sites.name(43, "a.Unseen");
        // In another order than that of the file.
        int receivers = sites.types(Section.RECEIVERS, place(F, 9), TypeRange.between(41, 43)).cell();
        int branch = sites.branches(place(F, 4), new int[] {20, 7}, new int[] {0, 1}).cell();
        int entry = sites.calls(Context.entry(G)).cell();
        int choice = sites.branches(place(F, 1), new int[] {30, -5, 44, 50}, new int[] {0, 0, 2, 1}).cell();
        int never = sites.branches(place(F, 2), new int[] {5, 6}, new int[] {0, 1}).cell();
        assertEquals(entry, sites.calls(Context.entry(G)).cell(), "the same place has the same cells");
        assertNotEquals(never, branch);
        long[] one = new long[sites.cells()];
        long[] two = new long[sites.cells()];
        one[entry] = Long.MAX_VALUE;
        two[entry] = 5;
        one[branch] = 1;
        two[branch] = 2;
        two[choice] = 9;
        two[choice + 1] = 4;
        one[receivers + 1] = 6;
        two[receivers + 1] = 1;
        one[receivers] = 3;
        assertEquals("{\"version\":\"1.1.0\",\"types\":["
                + "{\"id\":0,\"name\":\"a.A\"},{\"id\":1,\"name\":\"a.B\"},{\"id\":2,\"name\":\"a.Other\"},{\"id\":3,\"name\":\"int\"},{\"id\":4,\"name\":\"void\"}],"
                + "\"methods\":[{\"id\":0,\"name\":\"g\",\"signature\":[0,4]},{\"id\":1,\"name\":\"f\\\"\",\"signature\":[1,4,3]}],"
                + "\"callCountProfiles\":[{\"ctx\":\"0:0\",\"records\":[9223372036854775807]}],"
                + "\"conditionalProfiles\":[{\"ctx\":\"1:1<0:3\",\"records\":[30,0,9,-5,0,0,44,2,0,50,1,4]},{\"ctx\":\"1:4<0:3\",\"records\":[20,0,3,7,1,0]}],"
                + "\"virtualInvokeProfiles\":[{\"ctx\":\"1:9<0:3\",\"records\":[0,3,2,7]}],"
                + "\"instanceofProfiles\":[],\"monitorProfiles\":[]}\n", profile(sites, one, two));
    }

    @Test
    void tablesOfAllThreadsAreUnited() throws IOException {
        SiteTable sites = new SiteTable();
        for (int number = 1; number < 20; number++) {
            sites.name(number, "t." + (char) ('A' + number));
        }
        int monitors = sites.types(Section.MONITORS, Context.NONE, TypeRange.ANY).cell();
        long[] one = new long[sites.cells()];
        long[] two = new long[sites.cells()];
        // A slot has a type's number plus one, and its count.
        one[monitors + 4] = 3 + 1;
        one[monitors + 5] = 10;
        two[monitors + 6] = 3 + 1;
        two[monitors + 7] = 1;
        two[monitors] = 1 + 1;
        two[monitors + 1] = 2;
        assertTrue(profile(sites, one, two).contains("\"monitorProfiles\":[{\"ctx\":\"0:0\",\"records\":[0,2,1,11]}]"));
    }

    @Test
    void copiesOfOneOfAnotherShapeHaveTheirOwnCells() {
        SiteTable sites = new SiteTable();
        // Their numbers have one hash.
        TypeRange wide = new TypeRange(10, 33);
        int first = sites.types(Section.RECEIVERS, place(F, 9), wide).cell();
        int second = sites.types(Section.RECEIVERS, place(F, 9), new TypeRange(11, 2)).cell();
        assertEquals(first + wide.cells(), second);
        int branch = sites.branches(place(F, 4), new int[] {20, 7}, new int[] {0, 1}).cell();
        assertNotEquals(branch, sites.branches(place(F, 4), new int[] {20, 7}, new int[] {1, 0}).cell(), "with other successors");
    }

    @Test
    void wideRangesAreTables() {
        assertEquals(4, TypeRange.between(5, 7).cells());
        assertTrue(TypeRange.between(0, 64).isAny());
        assertTrue(TypeRange.between(3, 2).isAny());
    }
}
