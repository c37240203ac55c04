package dev.anneal.pgo.graal;

/** Reads the branches of a method's bytecode. */
public final class Bytecodes {
    static final int IFEQ = 0x99;
    static final int IFNE = 0x9a;
    private static final int IF_ACMPNE = 0xa6;
    private static final int GOTO = 0xa7;
    private static final int TABLESWITCH = 0xaa;
    private static final int LOOKUPSWITCH = 0xab;
    private static final int RETURN = 0xb1;
    private static final int ATHROW = 0xbf;
    private static final int CHECKCAST = 0xc0;
    private static final int INSTANCEOF = 0xc1;
    private static final int WIDE = 0xc4;
    private static final int IINC = 0x84;
    private static final int IFNULL = 0xc6;
    private static final int IFNONNULL = 0xc7;
    private static final int GOTO_W = 0xc8;

    /** The lengths of all instructions, of which 0 stands for one that says its own. */
    private static final String LENGTHS = "1111111111111111" + "2323322222111111" + "1111111111111111" + "1111112222211111"
            + "1111111111111111" + "1111111111111111" + "1111111111111111" + "1111111111111111"
            + "1111311111111111" + "1111111113333333" + "3333333332001111" + "1133333335532311"
            + "3311043355";

    /** How far a straight line is followed. */
    private static final int REACH = 200;

    private final byte[] code;

    public Bytecodes(byte[] code) {
        this.code = code;
    }

    /** The operation at a place, or -1 where there is none. */
    public int operation(int bci) {
        return code == null || bci < 0 || bci >= code.length ? -1 : code[bci] & 0xff;
    }

    public boolean isBranch(int bci) {
        int operation = operation(bci);
        return operation >= IFEQ && operation <= IF_ACMPNE || operation == IFNULL || operation == IFNONNULL;
    }

    public boolean isSwitch(int bci) {
        int operation = operation(bci);
        return operation == TABLESWITCH || operation == LOOKUPSWITCH;
    }

    public boolean isTypeCheck(int bci) {
        int operation = operation(bci);
        return operation == INSTANCEOF || operation == CHECKCAST;
    }

    /** Where a branch goes if its condition holds. */
    public int taken(int bci) {
        return bci + signed16(bci + 1);
    }

    /** Where it goes otherwise. */
    public static int fallThrough(int bci) {
        return bci + 3;
    }

    /** Where a switch goes with a key. */
    public int target(int bci, int key) {
        int table = table(bci);
        if (operation(bci) == TABLESWITCH) {
            long index = (long) key - signed32(table + 4);
            boolean isCase = index >= 0 && key <= signed32(table + 8);
            return isCase ? bci + signed32(table + 12 + 4 * (int) index) : defaultTarget(bci);
        }
        int count = signed32(table + 4);
        for (int i = 0; i < count; i++) {
            if (signed32(table + 8 + 8 * i) == key) {
                return bci + signed32(table + 12 + 8 * i);
            }
        }
        return defaultTarget(bci);
    }

    /** Where a switch goes with any other key. */
    public int defaultTarget(int bci) {
        return bci + signed32(table(bci));
    }

    /** Whether a straight line without a choice leads from one place to another. */
    boolean leads(int from, int to) {
        int bci = from;
        for (int step = 0; step < REACH && bci >= 0 && bci < code.length; step++) {
            if (bci == to) {
                return true;
            }
            int operation = operation(bci);
            if (operation == GOTO) {
                bci += signed16(bci + 1);
            } else if (operation == GOTO_W) {
                bci += signed32(bci + 1);
            } else if (isBranch(bci) || operation >= TABLESWITCH && operation <= RETURN || operation == ATHROW) {
                return false;
            } else {
                bci += length(bci);
            }
        }
        return false;
    }

    private int length(int bci) {
        int operation = operation(bci);
        if (operation == WIDE) {
            return operation(bci + 1) == IINC ? 6 : 4;
        }
        return operation < LENGTHS.length() ? Math.max(1, LENGTHS.charAt(operation) - '0') : 1;
    }

    private static int table(int bci) {
        return (bci + 4) & ~3;
    }

    private int signed16(int bci) {
        return (short) ((code[bci] & 0xff) << 8 | code[bci + 1] & 0xff);
    }

    private int signed32(int bci) {
        return signed16(bci) << 16 | signed16(bci + 2) & 0xffff;
    }
}
