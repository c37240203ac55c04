package dev.anneal.pgo.profile;

/** The sections of a profile that this add-on writes and reads. */
public enum Section {
    CALLS("callCountProfiles"),
    CONDITIONS("conditionalProfiles"),
    RECEIVERS("virtualInvokeProfiles"),
    INSTANCES("instanceofProfiles"),
    MONITORS("monitorProfiles");

    private final String key;

    Section(String key) {
        this.key = key;
    }

    /** Its name in the file. */
    public String key() {
        return key;
    }
}
