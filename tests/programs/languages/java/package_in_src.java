//= path = "src/com/example/Main.java"
//= stdout = "helped\n"
//= files."src/com/example/words/Helper.java" = "package com.example.words; public class Helper { public static String word() { return \"helped\"; } }"
package com.example;

public class Main {
  public static void main(String[] args) {
    System.out.println(com.example.words.Helper.word());
  }
}
