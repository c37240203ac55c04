package dev.anneal.standin.tracer;

import dev.anneal.standin.metadata.Metadata;
import dev.anneal.standin.metadata.Signature;
import dev.anneal.standin.runtime.Policy;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.List;

/** The policy of the tracer: allows everything and remembers it. */
final class Recorder implements Policy {
    private final Metadata metadata = new Metadata();

    Metadata metadata() {
        return metadata;
    }

    @Override
    public boolean type(String name) {
        metadata.addType(name);
        return true;
    }

    @Override
    public void method(Method method, boolean invoked) {
        metadata.addMethod(method.getDeclaringClass().getTypeName(), Signature.of(method.getName(), method.getParameterTypes()));
    }

    @Override
    public void constructor(Constructor<?> constructor, boolean invoked) {
        metadata.addMethod(constructor.getDeclaringClass().getTypeName(), Signature.of("<init>", constructor.getParameterTypes()));
    }

    @Override
    public void field(Field field, boolean accessed) {
        metadata.addField(field.getDeclaringClass().getTypeName(), field.getName());
    }

    @Override
    public void proxy(List<String> interfaces) {
        metadata.addProxy(interfaces);
    }

    @Override
    public boolean resource(String path) {
        metadata.addGlob(path);
        return true;
    }
}
