package dev.anneal.pgo.profile;

import java.util.List;

/** What a method is over builds: all that the tables of a profile say of it. */
public record MethodName(String declaringType, String name, String returnType, List<String> parameterTypes) implements Comparable<MethodName> {
    public MethodName {
        parameterTypes = List.copyOf(parameterTypes);
    }

    @Override
    public int compareTo(MethodName other) {
        int order = declaringType.compareTo(other.declaringType);
        order = order != 0 ? order : name.compareTo(other.name);
        order = order != 0 ? order : returnType.compareTo(other.returnType);
        return order != 0 ? order : String.join(",", parameterTypes).compareTo(String.join(",", other.parameterTypes));
    }

    @Override
    public String toString() {
        return declaringType + "." + name + "(" + String.join(",", parameterTypes) + ")" + returnType;
    }
}
