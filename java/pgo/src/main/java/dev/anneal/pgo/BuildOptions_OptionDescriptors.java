package dev.anneal.pgo;

import java.util.Iterator;
import java.util.List;
import jdk.graal.compiler.options.OptionDescriptor;
import jdk.graal.compiler.options.OptionDescriptors;
import jdk.graal.compiler.options.OptionType;
import jdk.graal.compiler.options.OptionsContainer;

/** How the builder finds {@link BuildOptions}; the name is the one that it expects. */
public final class BuildOptions_OptionDescriptors implements OptionDescriptors {
    private static final OptionsContainer OPTIONS = new BuildOptions();
    private static final OptionDescriptor PROFILES = OptionDescriptor.create("AnnealProfiles", OptionType.User, String.class,
            "The profiles to apply, with commas between them.", OPTIONS, "AnnealProfiles", BuildOptions.AnnealProfiles);

    @Override
    public OptionsContainer getContainer() {
        return OPTIONS;
    }

    @Override
    public OptionDescriptor get(String name) {
        return name.equals(PROFILES.getName()) ? PROFILES : null;
    }

    @Override
    public Iterator<OptionDescriptor> iterator() {
        return List.of(PROFILES).iterator();
    }
}
