package dev.anneal.standin.profile;

import java.util.Map;
import java.util.Set;

/**
 * What the stand-in takes from a profile.
 *
 * @param methods the identities of the methods it names, as {@link MethodIdentity} spells them
 * @param calls how often a method was entered, for those it counts
 * @param types the names of the types it names
 */
public record Profile(Set<String> methods, Map<String, Long> calls, Set<String> types) {
}
