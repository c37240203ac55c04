package dev.anneal.standin.runtime;

import java.lang.reflect.Field;
import java.lang.reflect.Method;
import java.lang.reflect.Constructor;
import java.util.List;

/** What happens at an access by name: an executable checks it. */
public interface Policy {
    /**
     * A type is looked up by name, or its members are.
     *
     * @param name its name as the source language writes it
     * @return false if the look-up must fail as if the type were not there
     */
    boolean type(String name);

    /**
     * A method was looked up or is invoked.
     *
     * @param method the method
     * @param invoked whether it is invoked now
     */
    void method(Method method, boolean invoked);

    /**
     * A constructor was looked up or is invoked.
     *
     * @param constructor the constructor
     * @param invoked whether it is invoked now
     */
    void constructor(Constructor<?> constructor, boolean invoked);

    /**
     * A field was looked up or is accessed.
     *
     * @param field the field
     * @param accessed whether it is accessed now
     */
    void field(Field field, boolean accessed);

    /**
     * A proxy class is wanted.
     *
     * @param interfaces its interfaces in their order
     */
    void proxy(List<String> interfaces);

    /**
     * A resource is opened.
     *
     * @param path its path from the root of the class path
     * @return false if it must appear not to be there
     */
    boolean resource(String path);
}
