package dev.anneal.pgo.profile;

/** A file that is no profile. */
public final class ProfileProblem extends Exception {
    ProfileProblem(String message) {
        super(message);
    }
}
