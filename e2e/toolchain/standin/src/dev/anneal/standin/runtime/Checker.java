package dev.anneal.standin.runtime;

import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.metadata.Signature;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.stream.Collectors;
import org.graalvm.nativeimage.MissingReflectionRegistrationError;
import org.graalvm.nativeimage.MissingResourceRegistrationError;

/** The policy of an executable: what the metadata does not hold is refused. */
final class Checker implements Policy {
    private final Metadata metadata;
    private final boolean exact;
    private final Reporting reporting;

    /**
     * A checker.
     *
     * @param exact whether a missing type or resource is an error, rather than appearing not to exist
     */
    Checker(Metadata metadata, boolean exact, Reporting reporting) {
        this.metadata = metadata;
        this.exact = exact;
        this.reporting = reporting;
    }

    @Override
    public boolean type(String name) {
        if (metadata.hasType(name)) {
            return true;
        }
        if (exact) {
            reporting.report(reflection("look up the type", name, typeEntry(name, "")));
        }
        return false;
    }

    @Override
    public void method(Method method, boolean invoked) {
        Signature signature = Signature.of(method.getName(), method.getParameterTypes());
        if (invoked && !metadata.hasMethod(owner(method), signature, isPublic(method))) {
            reporting.report(reflection("invoke the method", owner(method) + "#" + signature, methodEntry(method, signature)));
        }
    }

    @Override
    public void constructor(Constructor<?> constructor, boolean invoked) {
        Signature signature = Signature.of("<init>", constructor.getParameterTypes());
        if (invoked && !metadata.hasMethod(owner(constructor), signature, isPublic(constructor))) {
            reporting.report(
                    reflection("invoke the constructor", owner(constructor) + "#" + signature, methodEntry(constructor, signature)));
        }
    }

    @Override
    public void field(Field field, boolean accessed) {
        if (accessed && !metadata.hasField(owner(field), field.getName(), isPublic(field))) {
            String entry = typeEntry(owner(field), ", \"fields\": [{\"name\": " + quoted(field.getName()) + "}]");
            reporting.report(reflection("access the field", owner(field) + "#" + field.getName(), entry));
        }
    }

    @Override
    public void proxy(List<String> interfaces) {
        if (!metadata.hasProxy(interfaces)) {
            String entry = "{\"type\": {\"proxy\": " + list(interfaces) + "}}";
            reporting.report(reflection("make the proxy class of", String.join(", ", interfaces), entry));
        }
    }

    @Override
    public boolean resource(String path) {
        if (metadata.hasResource(path)) {
            return true;
        }
        if (exact) {
            reporting.report(new MissingResourceRegistrationError(
                    "Cannot open the resource '" + path + "'." + advice("resources", "{\"glob\": " + quoted(path) + "}")));
        }
        return false;
    }

    private static MissingReflectionRegistrationError reflection(String access, String element, String entry) {
        return new MissingReflectionRegistrationError("Cannot " + access + " '" + element + "'." + advice("reflection", entry));
    }

    /** The part of the message that programs read, as GraalVM 25 has it: the section, and the entry on lines of its own. */
    private static String advice(String section, String entry) {
        return " To allow it, add the following to the '" + section + "' section of 'reachability-metadata.json' and build again:\n\n  "
                + entry + "\n";
    }

    private static String typeEntry(String name, String rest) {
        return "{\"type\": " + quoted(name) + rest + "}";
    }

    private static String methodEntry(Member member, Signature signature) {
        String method = "{\"name\": " + quoted(signature.name()) + ", \"parameterTypes\": " + list(signature.parameterTypes()) + "}";
        return typeEntry(owner(member), ", \"methods\": [" + method + "]");
    }

    private static String list(List<String> names) {
        return names.stream().map(Checker::quoted).collect(Collectors.joining(", ", "[", "]"));
    }

    private static String quoted(String text) {
        return '"' + text.replace("\\", "\\\\").replace("\"", "\\\"") + '"';
    }

    private static String owner(Member member) {
        return member.getDeclaringClass().getTypeName();
    }

    private static boolean isPublic(Member member) {
        return Modifier.isPublic(member.getModifiers());
    }
}
