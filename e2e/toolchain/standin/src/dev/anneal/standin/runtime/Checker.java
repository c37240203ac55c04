package dev.anneal.standin.runtime;

import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.metadata.Signature;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Member;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.util.List;
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
            reporting.report(reflection("look up the type", name));
        }
        return false;
    }

    @Override
    public void method(Method method, boolean invoked) {
        Signature signature = Signature.of(method.getName(), method.getParameterTypes());
        if (invoked && !metadata.hasMethod(owner(method), signature, isPublic(method))) {
            reporting.report(reflection("invoke the method", owner(method) + "#" + signature));
        }
    }

    @Override
    public void constructor(Constructor<?> constructor, boolean invoked) {
        Signature signature = Signature.of("<init>", constructor.getParameterTypes());
        if (invoked && !metadata.hasMethod(owner(constructor), signature, isPublic(constructor))) {
            reporting.report(reflection("invoke the constructor", owner(constructor) + "#" + signature));
        }
    }

    @Override
    public void field(Field field, boolean accessed) {
        if (accessed && !metadata.hasField(owner(field), field.getName(), isPublic(field))) {
            reporting.report(reflection("access the field", owner(field) + "#" + field.getName()));
        }
    }

    @Override
    public void proxy(List<String> interfaces) {
        if (!metadata.hasProxy(interfaces)) {
            reporting.report(reflection("make the proxy class of", String.join(", ", interfaces)));
        }
    }

    @Override
    public boolean resource(String path) {
        if (metadata.hasResource(path)) {
            return true;
        }
        if (exact) {
            reporting.report(new MissingResourceRegistrationError(
                    "Cannot open the resource '" + path + "': add it to 'resources' in the reachability metadata."));
        }
        return false;
    }

    private static MissingReflectionRegistrationError reflection(String access, String element) {
        return new MissingReflectionRegistrationError(
                "Cannot " + access + " '" + element + "': add it to 'reflection' in the reachability metadata.");
    }

    private static String owner(Member member) {
        return member.getDeclaringClass().getTypeName();
    }

    private static boolean isPublic(Member member) {
        return Modifier.isPublic(member.getModifiers());
    }
}
