package dev.anneal.differential;

/** A small program: what it prints and how it ends must not depend on what runs it. */
@FunctionalInterface
interface Program {
    /**
     * Runs it.
     *
     * @throws Throwable what the program ends with
     */
    void run() throws Throwable;
}
