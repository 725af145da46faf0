# The page of `inkling report`: web/ checked by TypeScript, built by Vite into one script and one style sheet, embedded.
#
# npm's packages are installed while CMake configures, once and outside the source tree; building needs no network. Asked
# for with -DINKLING_WEB=ON, what is missing is an error. Not asked for, the page is built where node, npm and the
# packages can be had, and left out with a word where not: then `inkling report` says what to install.
find_program(INKLING_NODE NAMES node nodejs)
find_program(INKLING_NPM NAMES npm)
set(web_folder ${PROJECT_BINARY_DIR}/web)

# Sets web_missing to why the page cannot be built, or to nothing.
function(install_web_packages)
  if(NOT INKLING_NODE OR NOT INKLING_NPM)
    set(web_missing "Node.js or npm is missing; Debian: apt-get install nodejs npm" PARENT_SCOPE)
    return()
  endif()
  file(SHA256 ${PROJECT_SOURCE_DIR}/web/package-lock.json wanted)
  set(stamp ${web_folder}/node_modules/.inkling-installed)
  if(EXISTS ${stamp})
    file(READ ${stamp} installed)
  endif()
  if("${installed}" STREQUAL "${wanted}")
    return()
  endif()
  message(STATUS "Installing npm's packages in ${web_folder}")
  file(MAKE_DIRECTORY ${web_folder})
  file(COPY ${PROJECT_SOURCE_DIR}/web/package.json ${PROJECT_SOURCE_DIR}/web/package-lock.json DESTINATION ${web_folder})
  execute_process(COMMAND ${INKLING_NPM} ci --ignore-scripts --no-audit --no-fund --fetch-retries=1 --fetch-timeout=30000
    WORKING_DIRECTORY ${web_folder} RESULT_VARIABLE status OUTPUT_VARIABLE said ERROR_VARIABLE said)
  if(NOT status EQUAL 0)
    set(web_missing "npm ci failed in ${web_folder} (is there a network?):\n${said}" PARENT_SCOPE)
    return()
  endif()
  file(WRITE ${stamp} ${wanted})
endfunction()

set(web_missing)
if(NOT DEFINED INKLING_WEB OR INKLING_WEB)
  install_web_packages()
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/package-lock.json)
endif()
if(INKLING_WEB AND web_missing)
  unset(INKLING_WEB CACHE)  # or the next build would fail on it, too
  message(FATAL_ERROR "The page of `inkling report` cannot be built: ${web_missing}")
endif()
if(web_missing)
  message(STATUS "`inkling report` is left out: ${web_missing}")
else()
  option(INKLING_WEB "Build the page of `inkling report`, with Node.js and npm; by default on where they are found" ON)
endif()

if(INKLING_WEB)
  file(GLOB_RECURSE web_sources CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/web/src/*)
  set(web_outputs ${web_folder}/dist/report.js ${web_folder}/dist/report.css)
  set(bin ${web_folder}/node_modules)
  add_custom_command(OUTPUT ${web_outputs}
    # Built from a copy beside the packages, where both TypeScript and Vite look for them.
    COMMAND ${CMAKE_COMMAND} -E rm -rf src dist
    COMMAND ${CMAKE_COMMAND} -E copy_directory ${PROJECT_SOURCE_DIR}/web/src src
    COMMAND ${CMAKE_COMMAND} -E copy ${PROJECT_SOURCE_DIR}/web/package.json ${PROJECT_SOURCE_DIR}/web/tsconfig.json ${PROJECT_SOURCE_DIR}/web/vite.config.ts .
    COMMAND ${INKLING_NODE} ${bin}/typescript/bin/tsc --noEmit
    COMMAND ${INKLING_NODE} ${bin}/vite/bin/vite.js build --logLevel warn
    WORKING_DIRECTORY ${web_folder}
    DEPENDS ${web_sources} ${PROJECT_SOURCE_DIR}/web/package.json ${PROJECT_SOURCE_DIR}/web/tsconfig.json
      ${PROJECT_SOURCE_DIR}/web/vite.config.ts ${PROJECT_SOURCE_DIR}/web/package-lock.json
    COMMENT "Building the page of inkling report" VERBATIM)
  target_sources(inkling_library PRIVATE web/page.S)
  set_source_files_properties(web/page.S PROPERTIES OBJECT_DEPENDS "${web_outputs}" INCLUDE_DIRECTORIES ${web_folder}/dist)
  target_compile_definitions(inkling_library PRIVATE INKLING_HAVE_WEB)
endif()
