package dev.anneal.standin.runtime;

import java.io.IOException;
import java.io.InputStream;
import java.lang.reflect.Constructor;
import java.lang.reflect.Field;
import java.lang.reflect.InvocationHandler;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Proxy;
import java.net.URL;
import java.util.Arrays;
import java.util.Collections;
import java.util.Enumeration;

/**
 * Where rewritten call sites arrive: each method stands for the JDK method of its name, with the receiver as its first
 * argument, and asks the {@link Policy} before it does the same.
 */
public final class Gate {
    private static volatile Policy policy = new Unrestricted();

    private Gate() {
    }

    /**
     * Sets what happens at an access.
     *
     * @param next the policy
     */
    public static void install(Policy next) {
        policy = next;
    }

    /** Stands for {@code Class.forName} as the calling class sees it. */
    public static Class<?> forName(String name, Class<?> caller) throws ClassNotFoundException {
        return forName(name, true, caller.getClassLoader());
    }

    /** Stands for {@code Class.forName}. */
    public static Class<?> forName(String name, boolean initialize, ClassLoader loader) throws ClassNotFoundException {
        requireType(name);
        return Class.forName(name, initialize, loader);
    }

    /** Stands for {@code ClassLoader.loadClass}. */
    public static Class<?> loadClass(ClassLoader loader, String name) throws ClassNotFoundException {
        requireType(name);
        return loader.loadClass(name);
    }

    /** Stands for {@code Class.newInstance}. */
    public static Object newInstance(Class<?> type) throws InstantiationException, IllegalAccessException {
        if (!queryable(type)) {
            throw new InstantiationException(type.getName());
        }
        try {
            Constructor<?> constructor = type.getDeclaredConstructor();
            policy.constructor(constructor, true);
            constructor.setAccessible(true);
            return constructor.newInstance();
        } catch (NoSuchMethodException none) {
            throw (InstantiationException) new InstantiationException(type.getName()).initCause(none);
        } catch (InvocationTargetException thrown) {
            throw Gate.<RuntimeException>unchecked(thrown.getCause());
        }
    }

    /** Stands for {@code Class.getMethod}. */
    public static Method getMethod(Class<?> type, String name, Class<?>... parameters) throws NoSuchMethodException {
        requireMember(type, name);
        return seen(type.getMethod(name, parameters));
    }

    /** Stands for {@code Class.getDeclaredMethod}. */
    public static Method getDeclaredMethod(Class<?> type, String name, Class<?>... parameters) throws NoSuchMethodException {
        requireMember(type, name);
        return seen(type.getDeclaredMethod(name, parameters));
    }

    /** Stands for {@code Class.getConstructor}. */
    public static Constructor<?> getConstructor(Class<?> type, Class<?>... parameters) throws NoSuchMethodException {
        requireMember(type, "<init>");
        return seen(type.getConstructor(parameters));
    }

    /** Stands for {@code Class.getDeclaredConstructor}. */
    public static Constructor<?> getDeclaredConstructor(Class<?> type, Class<?>... parameters) throws NoSuchMethodException {
        requireMember(type, "<init>");
        return seen(type.getDeclaredConstructor(parameters));
    }

    /** Stands for {@code Class.getField}. */
    public static Field getField(Class<?> type, String name) throws NoSuchFieldException {
        requireField(type, name);
        return seen(type.getField(name));
    }

    /** Stands for {@code Class.getDeclaredField}. */
    public static Field getDeclaredField(Class<?> type, String name) throws NoSuchFieldException {
        requireField(type, name);
        return seen(type.getDeclaredField(name));
    }

    /** Stands for {@code Class.getMethods}. */
    public static Method[] getMethods(Class<?> type) {
        return queryable(type) ? type.getMethods() : new Method[0];
    }

    /** Stands for {@code Class.getDeclaredMethods}. */
    public static Method[] getDeclaredMethods(Class<?> type) {
        return queryable(type) ? type.getDeclaredMethods() : new Method[0];
    }

    /** Stands for {@code Class.getConstructors}. */
    public static Constructor<?>[] getConstructors(Class<?> type) {
        return queryable(type) ? type.getConstructors() : new Constructor<?>[0];
    }

    /** Stands for {@code Class.getDeclaredConstructors}. */
    public static Constructor<?>[] getDeclaredConstructors(Class<?> type) {
        return queryable(type) ? type.getDeclaredConstructors() : new Constructor<?>[0];
    }

    /** Stands for {@code Class.getFields}. */
    public static Field[] getFields(Class<?> type) {
        return queryable(type) ? type.getFields() : new Field[0];
    }

    /** Stands for {@code Class.getDeclaredFields}. */
    public static Field[] getDeclaredFields(Class<?> type) {
        return queryable(type) ? type.getDeclaredFields() : new Field[0];
    }

    /** Runs before {@code Method.invoke}, which then runs in its own caller's name. */
    public static void beforeInvoke(Method method) {
        if (queryableName(method.getDeclaringClass())) {
            policy.method(method, true);
        }
    }

    /** Runs before {@code Constructor.newInstance}. */
    public static void beforeNewInstance(Constructor<?> constructor) {
        if (queryableName(constructor.getDeclaringClass())) {
            policy.constructor(constructor, true);
        }
    }

    /** Runs before any get or set of {@code Field}. */
    public static void beforeFieldAccess(Field field) {
        if (queryableName(field.getDeclaringClass())) {
            policy.field(field, true);
        }
    }

    /** Stands for {@code Proxy.newProxyInstance}. */
    public static Object newProxyInstance(ClassLoader loader, Class<?>[] interfaces, InvocationHandler handler) {
        policy.proxy(Arrays.stream(interfaces).map(Class::getName).toList());
        return Proxy.newProxyInstance(loader, interfaces, handler);
    }

    /** Stands for {@code Class.getResource}. */
    public static URL getResource(Class<?> type, String name) {
        return policy.resource(absolute(type, name)) ? type.getResource(name) : null;
    }

    /** Stands for {@code Class.getResourceAsStream}. */
    public static InputStream getResourceAsStream(Class<?> type, String name) {
        return policy.resource(absolute(type, name)) ? type.getResourceAsStream(name) : null;
    }

    /** Stands for {@code ClassLoader.getResource}. */
    public static URL getResource(ClassLoader loader, String name) {
        return policy.resource(name) ? loader.getResource(name) : null;
    }

    /** Stands for {@code ClassLoader.getResourceAsStream}. */
    public static InputStream getResourceAsStream(ClassLoader loader, String name) {
        return policy.resource(name) ? loader.getResourceAsStream(name) : null;
    }

    /** Stands for {@code ClassLoader.getResources}. */
    public static Enumeration<URL> getResources(ClassLoader loader, String name) throws IOException {
        return policy.resource(name) ? loader.getResources(name) : Collections.emptyEnumeration();
    }

    /** Stands for {@code ClassLoader.getSystemResource}. */
    public static URL getSystemResource(String name) {
        return policy.resource(name) ? ClassLoader.getSystemResource(name) : null;
    }

    /** Stands for {@code ClassLoader.getSystemResourceAsStream}. */
    public static InputStream getSystemResourceAsStream(String name) {
        return policy.resource(name) ? ClassLoader.getSystemResourceAsStream(name) : null;
    }

    private static void requireType(String name) throws ClassNotFoundException {
        // Arrays by their internal name follow their element types, which the JDK resolves itself.
        if (name != null && !name.startsWith("[") && !policy.type(name)) {
            throw new ClassNotFoundException(name);
        }
    }

    private static void requireMember(Class<?> type, String member) throws NoSuchMethodException {
        if (!queryable(type)) {
            throw new NoSuchMethodException(type.getName() + "." + member);
        }
    }

    private static void requireField(Class<?> type, String field) throws NoSuchFieldException {
        if (!queryable(type)) {
            throw new NoSuchFieldException(field);
        }
    }

    private static boolean queryable(Class<?> type) {
        return !queryableName(type) || policy.type(type.getTypeName());
    }

    /** Whether a type has a name that metadata can hold: no primitive, array, proxy or hidden class. */
    private static boolean queryableName(Class<?> type) {
        return !type.isPrimitive() && !type.isArray() && !type.isHidden() && !Proxy.isProxyClass(type);
    }

    private static Method seen(Method method) {
        if (queryableName(method.getDeclaringClass())) {
            policy.method(method, false);
        }
        return method;
    }

    private static Constructor<?> seen(Constructor<?> constructor) {
        if (queryableName(constructor.getDeclaringClass())) {
            policy.constructor(constructor, false);
        }
        return constructor;
    }

    private static Field seen(Field field) {
        if (queryableName(field.getDeclaringClass())) {
            policy.field(field, false);
        }
        return field;
    }

    private static String absolute(Class<?> type, String name) {
        if (name.startsWith("/")) {
            return name.substring(1);
        }
        Class<?> element = type;
        while (element.isArray()) {
            element = element.getComponentType();
        }
        String packageName = element.getPackageName();
        return packageName.isEmpty() ? name : packageName.replace('.', '/') + "/" + name;
    }

    @SuppressWarnings("unchecked") // Throws a checked exception where the JDK's own method does so too.
    private static <T extends Throwable> RuntimeException unchecked(Throwable thrown) throws T {
        throw (T) thrown;
    }
}
