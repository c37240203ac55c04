package dev.anneal.standin.runtime;

import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.util.List;

/** Allows everything; stands in until a policy is installed. */
final class Unrestricted implements Policy {
    @Override
    public boolean type(String name) {
        return true;
    }

    @Override
    public void method(Method method, boolean invoked) {
        // Nothing to check.
    }

    @Override
    public void constructor(Constructor<?> constructor, boolean invoked) {
        // Nothing to check.
    }

    @Override
    public void field(Field field, boolean accessed) {
        // Nothing to check.
    }

    @Override
    public void proxy(List<String> interfaces) {
        // Nothing to check.
    }

    @Override
    public boolean resource(String path) {
        return true;
    }
}
