/** Wrong in the usual ways, for the compiler to have told somebody before. */
class Wrong {
    int number = "one";

    void method() {
        missing();
        Missing other = null;
        return 1;
    }
}
