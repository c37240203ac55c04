package dev.anneal.pgo.runtime;

/** The form of the tables for places where too many types may come for a cell each. Each thread has one for each place. */
public final class TypeTable {
    /** How many types a thread tells apart at a place: those that come first. A power of two. */
    public static final int SLOTS = 8;

    /** A slot is a type's number plus one, and its count. */
    public static final int SLOT_SHIFT = 4;

    public static final int CELLS = 2 * SLOTS;

    private TypeTable() {
    }
}
