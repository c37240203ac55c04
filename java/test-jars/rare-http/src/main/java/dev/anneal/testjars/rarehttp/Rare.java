package dev.anneal.testjars.rarehttp;

/** Only ever reached by its name. */
public final class Rare {
    /** One of it. */
    public Rare() {
        // Nothing to prepare.
    }

    @Override
    public String toString() {
        return "rare";
    }
}
