package dev.anneal.pgo.runtime;

import dev.anneal.pgo.profile.Section;
import java.io.BufferedOutputStream;
import java.io.ByteArrayInputStream;
import java.io.DataInputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Turns counters into a profile of version 1.1.0. Sections are made first, because they say which types are needed. */
public final class ProfileWriter {
    private static final Section[] SECTIONS = Section.values();

    private final OutputStream out;
    private final Cells cells;
    private String[] types;
    private boolean[] isTypeNeeded;
    /** The type of each number, or -1. */
    private int[] typeOfNumber;
    private String[] methodNames;
    private int[][] signatures;

    public ProfileWriter(OutputStream out, Cells cells) {
        this.out = new BufferedOutputStream(out, 1 << 16);
        this.cells = cells;
    }

    public void write(byte[] table) throws IOException {
        DataInputStream in = new DataInputStream(new ByteArrayInputStream(table));
        readTypes(in);
        readMethods(in);
        Site[] sites = new Site[in.readInt()];
        for (int i = 0; i < sites.length; i++) {
            sites[i] = Site.read(in);
        }
        Counts[] counts = new Counts[sites.length];
        for (int i = 0; i < sites.length; i++) {
            counts[i] = count(sites[i]);
        }
        text("{\"version\":\"1.1.0\",\"types\":[");
        int[] ids = writeTypes();
        text("],\"methods\":[");
        writeMethods(ids);
        text("]");
        for (Section section : SECTIONS) {
            text(",\"" + section.key() + "\":[");
            writeSection(section, sites, counts, ids);
            text("]");
        }
        text("}\n");
        out.flush();
    }

    private void readTypes(DataInputStream in) throws IOException {
        types = new String[in.readInt()];
        for (int i = 0; i < types.length; i++) {
            types[i] = in.readUTF();
        }
        isTypeNeeded = new boolean[types.length];
        int[] numbers = new int[in.readInt()];
        int[] named = new int[numbers.length];
        int largest = -1;
        for (int i = 0; i < numbers.length; i++) {
            numbers[i] = in.readInt();
            named[i] = in.readInt();
            largest = Math.max(largest, numbers[i]);
        }
        typeOfNumber = new int[largest + 1];
        Arrays.fill(typeOfNumber, -1);
        for (int i = 0; i < numbers.length; i++) {
            typeOfNumber[numbers[i]] = named[i];
        }
    }

    private void readMethods(DataInputStream in) throws IOException {
        methodNames = new String[in.readInt()];
        signatures = new int[methodNames.length][];
        for (int i = 0; i < methodNames.length; i++) {
            methodNames[i] = in.readUTF();
            signatures[i] = new int[in.readInt()];
            for (int j = 0; j < signatures[i].length; j++) {
                signatures[i][j] = in.readInt();
                isTypeNeeded[signatures[i][j]] = true;
            }
        }
    }

    /** Pairs of a type and a count, or the counts of successors. */
    private record Counts(int[] types, long[] numbers) {
        boolean isEmpty() {
            for (long number : numbers) {
                if (number > 0) {
                    return false;
                }
            }
            return true;
        }
    }

    private Counts count(Site site) {
        switch (SECTIONS[site.section]) {
            case CALLS -> {
                return new Counts(null, new long[] {cells.sum(site.cell)});
            }
            case CONDITIONS -> {
                long[] numbers = new long[1 + Arrays.stream(site.successors).max().orElse(0)];
                for (int i = 0; i < numbers.length; i++) {
                    numbers[i] = cells.sum(site.cell + i);
                }
                return new Counts(null, numbers);
            }
            default -> {
                TypeCounts counts = new TypeCounts();
                if (site.shape[1] > 0) {
                    for (int i = 0; i < site.shape[1]; i++) {
                        counts.add(site.shape[0] + i, cells.sum(site.cell + i));
                    }
                } else {
                    addTables(site.cell, counts);
                }
                return named(counts);
            }
        }
    }

    private void addTables(int cell, TypeCounts counts) {
        for (int block = 0; block < cells.blocks(); block++) {
            for (int slot = 0; slot < TypeTable.SLOTS; slot++) {
                long number = cells.cell(block, cell + 2 * slot) - 1;
                counts.add((int) number, cells.cell(block, cell + 2 * slot + 1));
            }
        }
    }

    private Counts named(TypeCounts counts) {
        int[] names = new int[counts.size()];
        long[] numbers = new long[names.length];
        int size = 0;
        for (int i = 0; i < names.length; i++) {
            int number = counts.type(i);
            if (number >= 0 && number < typeOfNumber.length && typeOfNumber[number] >= 0) {
                names[size] = typeOfNumber[number];
                numbers[size++] = counts.count(i);
                isTypeNeeded[typeOfNumber[number]] = true;
            }
        }
        return new Counts(Arrays.copyOf(names, size), Arrays.copyOf(numbers, size));
    }

    private int[] writeTypes() throws IOException {
        int[] ids = new int[types.length];
        int id = 0;
        for (int i = 0; i < types.length; i++) {
            if (isTypeNeeded[i]) {
                ids[i] = id;
                text(id == 0 ? "" : ",");
                text("{\"id\":" + id++ + ",\"name\":" + quoted(types[i]) + "}");
            }
        }
        return ids;
    }

    private void writeMethods(int[] ids) throws IOException {
        for (int i = 0; i < methodNames.length; i++) {
            text(i == 0 ? "" : ",");
            text("{\"id\":" + i + ",\"name\":" + quoted(methodNames[i]) + ",\"signature\":[");
            for (int j = 0; j < signatures[i].length; j++) {
                text((j == 0 ? "" : ",") + ids[signatures[i][j]]);
            }
            text("]}");
        }
    }

    private void writeSection(Section section, Site[] sites, Counts[] counts, int[] ids) throws IOException {
        boolean isFirst = true;
        for (int i = 0; i < sites.length; i++) {
            if (sites[i].section == section.ordinal() && !counts[i].isEmpty()) {
                text(isFirst ? "" : ",");
                isFirst = false;
                text("{\"ctx\":\"" + sites[i].context() + "\",\"records\":[");
                text(records(sites[i], counts[i], ids));
                text("]}");
            }
        }
    }

    private static String records(Site site, Counts counts, int[] ids) {
        StringBuilder text = new StringBuilder();
        if (counts.types != null) {
            for (int i = 0; i < counts.types.length; i++) {
                text.append(i == 0 ? "" : ",").append(ids[counts.types[i]]).append(',').append(counts.numbers[i]);
            }
        } else if (site.shape.length == 0) {
            text.append(counts.numbers[0]);
        } else {
            boolean[] isWritten = new boolean[counts.numbers.length];
            for (int i = 0; i < site.shape.length; i++) {
                int successor = site.successors[i];
                // The count of a successor stands once.
                long count = isWritten[successor] ? 0 : counts.numbers[successor];
                isWritten[successor] = true;
                text.append(i == 0 ? "" : ",").append(site.shape[i]).append(',').append(successor).append(',').append(count);
            }
        }
        return text.toString();
    }

    private static String quoted(String name) {
        StringBuilder text = new StringBuilder(name.length() + 2).append('"');
        for (int i = 0; i < name.length(); i++) {
            char symbol = name.charAt(i);
            if (symbol == '"' || symbol == '\\') {
                text.append('\\').append(symbol);
            } else if (symbol < ' ') {
                text.append("\\u00").append(Character.forDigit(symbol >> 4, 16)).append(Character.forDigit(symbol & 15, 16));
            } else {
                text.append(symbol);
            }
        }
        return text.append('"').toString();
    }

    private void text(String text) throws IOException {
        out.write(text.getBytes(StandardCharsets.UTF_8));
    }

    /** A place as the table has it. */
    private record Site(int section, int[] frames, int cell, int[] shape, int[] successors) {
        static Site read(DataInputStream in) throws IOException {
            int section = in.readByte();
            int[] frames = read(in, 2 * in.readShort());
            int cell = in.readInt();
            int[] shape = read(in, in.readInt());
            boolean isBranch = section == Section.CONDITIONS.ordinal();
            return new Site(section, frames, cell, shape, isBranch ? read(in, shape.length) : null);
        }

        private static int[] read(DataInputStream in, int count) throws IOException {
            int[] numbers = new int[count];
            for (int i = 0; i < count; i++) {
                numbers[i] = in.readInt();
            }
            return numbers;
        }

        String context() {
            if (frames.length == 0) {
                return "0:0";
            }
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < frames.length; i += 2) {
                text.append(i == 0 ? "" : "<").append(frames[i]).append(':').append(frames[i + 1]);
            }
            return text.toString();
        }
    }
}
