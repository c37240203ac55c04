package dev.anneal.pgo.runtime;

import java.util.Iterator;
import java.util.List;
import jdk.graal.compiler.options.OptionDescriptor;
import jdk.graal.compiler.options.OptionDescriptors;
import jdk.graal.compiler.options.OptionType;
import jdk.graal.compiler.options.OptionsContainer;

/** How the builder finds {@link RuntimeOptions}; the name is the one that it expects. */
public final class RuntimeOptions_OptionDescriptors implements OptionDescriptors {
    private static final OptionsContainer OPTIONS = new RuntimeOptions();
    private static final OptionDescriptor FILE = OptionDescriptor.create("ProfilesDumpFile", OptionType.User, String.class,
            "The file that the profile is written to.", OPTIONS, "ProfilesDumpFile", RuntimeOptions.ProfilesDumpFile);

    @Override
    public OptionsContainer getContainer() {
        return OPTIONS;
    }

    @Override
    public OptionDescriptor get(String name) {
        return name.equals(FILE.getName()) ? FILE : null;
    }

    @Override
    public Iterator<OptionDescriptor> iterator() {
        return List.of(FILE).iterator();
    }
}
