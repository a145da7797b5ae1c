//= path = "com/example/Main.java"
//= stdout = "helped\n"
//= files."com/example/Helper.java" = "package com.example; class Helper { static String word() { return \"helped\"; } }"
package com.example;

public class Main {
  public static void main(String[] args) {
    System.out.println(Helper.word());
  }
}
